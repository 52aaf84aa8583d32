// What networks are trained with, as data: by their authors (`paper`, from the publications as
// commonly cited) and by the script of the seed (`seed`). Names and units are those of the sweep's
// parameters; a parameter that the point gives wins.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace bw::models {

struct Setting {
    std::string_view parameter;
    std::variant<double, bool, std::string_view, std::span<const std::int64_t>> value;
};

/// "none", "paper", "seed".
std::span<const std::string_view> recipe_names();

/// The settings of a network (canonical name or alias); none when nothing is known of it, or when
/// the recipe is what every point has anyway.
std::span<const Setting> recipe(std::string_view model, std::string_view recipe_name);

}  // namespace bw::models
