// One map of the file with known keys: each is read by name, what is wrong is reported at its
// place with what was expected. Misspelt keys are refused with the nearest name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sweeps/problems.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

struct IntegerRange {
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// Lives no longer than the tree and the problems.
class Section {
public:
    /// `path`: of the section itself, "batchwright.stopper".
    Section(const Entry& entry, std::string path, Problems& problems)
        : entry_(entry), path_(std::move(path)), problems_(problems) {}

    /// False, and reported, when it is no map or has other keys.
    bool knows(std::span<const std::string_view> keys);

    [[nodiscard]] const Entry* find(std::string_view key) const {
        return find_entry(entry_.value, key);
    }

    void integer(std::string_view key, IntegerRange range, std::int64_t& out);

    /// Finite, above `above`.
    void number(std::string_view key, double above, double& out);

    /// The index of the word that stands there.
    std::optional<std::size_t> choice(
        std::string_view key, std::span<const std::string_view> words
    );

    void error(const Entry& at, const std::string& message);

    [[nodiscard]] std::string path_of(std::string_view key) const {
        return path_ + "." + std::string(key);
    }

private:
    const Entry& entry_;
    std::string path_;
    Problems& problems_;
};

}  // namespace bw::sweeps
