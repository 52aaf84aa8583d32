// Whole files: each folder of tests/data/sweeps with a number holds a sweep and what is said about
// it. BW_UPDATE_GOLDEN=1 rewrites the expectations.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sweeps/parse.h"
#include "sweeps/points.h"

namespace bw::sweeps {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<fs::path> cases() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(fs::path(BW_TEST_DATA) / "sweeps")) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory() && name[0] >= '0' && name[0] <= '9') out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string report(const std::string& text) {
    const Parsed parsed = parse_sweep(text);
    std::ostringstream out;
    for (const Diagnostic& one : parsed.diagnostics) out << render(one, "sweep.yaml") << "\n";
    if (!parsed.sweep) return out.str();
    const auto count = point_count(*parsed.sweep);
    out << "points: " << (count ? std::to_string(*count) : "unbounded") << "\n";
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count.value_or(4), 12); ++i) {
        const auto point = point_at(*parsed.sweep, i);
        if (!point) break;  // a searcher's
        out << i << " " << point->hash << " " << to_json(Value{point->params}) << "\n";
    }
    return out.str();
}

TEST(SweepGolden, EveryFileIsReportedAsExpected) {
    const bool update = std::getenv("BW_UPDATE_GOLDEN") != nullptr;
    ASSERT_FALSE(cases().empty());
    for (const fs::path& folder : cases()) {
        const std::string got = report(read_file(folder / "sweep.yaml"));
        if (update) std::ofstream(folder / "expect.txt", std::ios::binary) << got;
        EXPECT_EQ(got, read_file(folder / "expect.txt")) << folder.filename();
    }
}

}  // namespace
}  // namespace bw::sweeps
