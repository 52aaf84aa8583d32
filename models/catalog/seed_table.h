// The seed's own table (README of Image-Classification-PyTorch): accuracy, parameters, FLOPs and
// remark as it printed them, for comparison.
#pragma once

#include <string_view>

namespace bw::models {

struct SeedRow {
    std::string_view model;  // canonical name in the catalogue
    std::string_view text;   // "83.39 %, 11.18M, 1.82 GFLOPs"
};

const SeedRow* find_seed_row(std::string_view canonical_name);

}  // namespace bw::models
