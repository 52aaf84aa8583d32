// model_golden FILE [--only NAME] [--single] [--checkpoints]: our networks against a file of
// reference outputs. One line per entry and fill; exit code 0: all passed, 1: a miss, 2: the file
// or the arguments are wrong.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "models/arch/golden/check.h"

namespace {

using bw::models::Checkpoints;
using bw::models::GoldenLine;
using bw::models::GoldenOptions;
using bw::models::Precision;

constexpr const char* kUsage =
    "usage: model_golden FILE [--only NAME] [--single] [--checkpoints]\n";

void print_line(const GoldenLine& line) {
    std::printf(
        "%-4s %-28s %-11s %.2e  %s\n",
        line.passed ? "ok" : "MISS",
        line.name.c_str(),
        line.kind.c_str(),
        line.error,
        line.detail.c_str()
    );
    std::fflush(stdout);
}

bool parse(int argc, char** argv, std::string& path, GoldenOptions& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--single") {
            options.precision = Precision::single;
        } else if (argument == "--checkpoints") {
            options.checkpoints = Checkpoints::compared;
        } else if (argument == "--only" && i + 1 < argc) {
            options.only = argv[++i];
        } else if (path.empty() && !argument.starts_with("--")) {
            path = argument;
        } else {
            return false;
        }
    }
    return !path.empty();
}

}  // namespace

int main(int argc, char** argv) {
    std::string path;
    GoldenOptions options;
    if (!parse(argc, argv, path, options)) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    const auto lines = bw::models::check_golden_file(path, options, print_line);
    if (!lines) {
        std::fprintf(stderr, "model_golden: %s\n", lines.error().message.c_str());
        return 2;
    }
    const auto passed = std::ranges::count(*lines, true, &GoldenLine::passed);
    double worst = 0.0;
    for (const auto& line : *lines) worst = std::max(worst, line.error);
    std::printf("%td of %zu passed, worst relative error %.2e\n", passed, lines->size(), worst);
    return passed == static_cast<std::ptrdiff_t>(lines->size()) ? 0 : 1;
}
