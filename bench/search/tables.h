// Tabular benchmarks: every configuration of a grid, trained once per seed beforehand.
#pragma once

#include <filesystem>
#include <vector>

#include "bench/search/problems.h"

namespace bw::bench {

/// Reads `folder`/*.f32 with their descriptions. Empty when the folder is not there. An evaluation
/// is told one seed's value; the truth is the mean over the seeds. Throws std::runtime_error.
std::vector<Problem> table_problems(const std::filesystem::path& folder);

}  // namespace bw::bench
