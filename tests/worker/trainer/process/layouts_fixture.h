// The same job under several layouts, whose losses must agree: the exact global batch of DESIGN 7.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/worker/trainer/process/gang_fixture.h"

namespace bw::trainer::test {

struct Layout {
    int world_size = 1;
    std::int64_t micro_batch = 0;
    std::string memory_format = "contiguous";
};

struct EqualityCase {
    std::string model;
    std::int64_t batch = 0, group = 0;
    std::vector<Layout> layouts;  // the first is the reference
    std::string precision = "fp64";
    std::string bn = "ghost";
    double learning_rate = 0.02;
    int steps = 50;
    int resolution = 0;
};

/// A network without BatchNorm; one with uneven ghost groups; the same with frozen statistics.
std::vector<EqualityCase> equality_cases(const std::string& precision, int steps);

struct LayoutResult {
    Layout layout;
    std::vector<double> losses;
    std::int64_t samples_min = 0, samples_max = 0;
    std::int64_t micro_batch = 0, accumulation = 0;  // as run
    double deviation = 0;  // largest relative difference of a loss from the reference's
};

/// Throws when a gang does not finish. `data_path` holds the data set; `scratch` takes the
/// attempts' folders.
std::vector<LayoutResult> run_layouts(
    const EqualityCase& equality, const std::string& data_path, const std::filesystem::path& scratch
);

}  // namespace bw::trainer::test
