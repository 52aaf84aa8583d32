// Prometheus' own checker, for the tests that hold our files and pages against it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace bw::tests {

struct Verdict {
    int status = -1;
    std::string said;  // both streams
};

/// A test that is skipped, with the reason, where there is no promtool; with a folder of its own.
class PromtoolTest : public testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v promtool >/dev/null") != 0) {
            GTEST_SKIP() << "promtool is not installed (Debian package \"prometheus\")";
        }
        std::string pattern =
            (std::filesystem::temp_directory_path() / "bw-promtool-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }

    void TearDown() override {
        if (!folder.empty()) std::filesystem::remove_all(folder);
    }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return folder / name;
    }

    static Verdict promtool(const std::string& arguments) {
        FILE* pipe = popen(("promtool " + arguments + " 2>&1").c_str(), "r");
        Verdict verdict;
        for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
            verdict.said += static_cast<char>(c);
        }
        verdict.status = pclose(pipe);
        return verdict;
    }

    std::filesystem::path folder;
};

}  // namespace bw::tests
