#include "coordinator/results/results.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/results/layout.h"
#include "tests/coordinator/journal/temporary_folder.h"
#include "tests/coordinator/results/small_sweep.h"

namespace bw::results {
namespace {

std::string read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(Results, TheJsonHasTheDocumentedForm) {
    const test::SmallSweep small;
    const std::filesystem::path golden =
        std::filesystem::path(BW_TEST_DATA) / "results" / "small_sweep.json";
    const auto json = results_json(small.state, small.sweep(), {{"commit", "abc"}});
    if (std::getenv("BW_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << json.dump(2) << "\n";
    EXPECT_EQ(json.dump(2) + "\n", read_text(golden));
}

TEST(Results, WhatIsNotFiniteIsNull) {
    test::SmallSweep small;
    auto& metrics = small.state.jobs.at({2}).result->metrics;
    metrics["test_loss"] = std::numeric_limits<double>::quiet_NaN();
    metrics["train_loss"] = std::numeric_limits<double>::infinity();
    const auto json = nlohmann::json::parse(results_json(small.state, small.sweep(), {}).dump());
    EXPECT_TRUE(json["points"][1]["metrics"]["test_loss"].is_null());
    EXPECT_TRUE(json["points"][1]["metrics"]["train_loss"].is_null());
    EXPECT_EQ(json["points"][1]["metrics"]["test_accuracy"], 0.875);
}

TEST(Results, APointThatStillRunsShowsItsLastEpoch) {
    test::SmallSweep small;
    small.measure(3, 0, {{"train_loss", 2.0}, {"test_accuracy", 0.25}});
    small.measure(3, 1, {{"train_loss", 1.5}});
    const auto json = results_json(small.state, small.sweep(), {});
    EXPECT_EQ(json["points"][2]["metrics"]["train_loss"], 1.5);
    EXPECT_EQ(json["points"][2]["metrics"]["test_accuracy"], 0.25);
    EXPECT_TRUE(json["points"][2]["metrics"]["samples_per_second"].is_null());
}

TEST(Results, AReasonThatIsNoUtf8CanBePrinted) {
    test::SmallSweep small;
    small.state.jobs.at({3}).reason = "no file \"\xff\"";
    EXPECT_NE(
        results_json(small.state, small.sweep(), {}).dump().find("no file"), std::string::npos
    );
}

TEST(Results, APointWithoutAnAttemptHasNulls) {
    test::SmallSweep small;
    small.state.jobs.at({1}).attempts.clear();
    small.state.jobs.at({1}).result.reset();
    const auto point = results_json(small.state, small.sweep(), {})["points"][0];
    EXPECT_EQ(point["attempts"], 0);
    EXPECT_TRUE(point["world_size"].is_null());
    EXPECT_TRUE(point["samples_per_step"]["min"].is_null());
    EXPECT_TRUE(point["weights_sha256"].is_null());
}

TEST(Results, EverythingIsWrittenUnderTheSweepsFolder) {
    const test::SmallSweep small;
    const test::TemporaryFolder state_dir;
    const auto written = write_results(small.state, small.sweep(), state_dir.path(), {{"a", 1}});
    ASSERT_TRUE(written.has_value()) << written.error().message;
    const auto folder = state_dir.path() / "sweeps" / "0123456789ab-7";
    EXPECT_EQ(sweep_dir(state_dir.path(), small.sweep()), folder);
    const auto json = nlohmann::json::parse(read_text(folder / "results.json"));
    EXPECT_EQ(json, results_json(small.state, small.sweep(), {{"a", 1}}));
    EXPECT_EQ(read_text(folder / "curves.csv"), "ordinal,step,epoch,loss\n");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        EXPECT_NE(entry.path().extension(), ".new") << entry.path();
    }
}

TEST(Results, AFolderThatCannotBeWrittenIsAnError) {
    const test::SmallSweep small;
    const test::TemporaryFolder state_dir;
    std::ofstream(state_dir.path() / "sweeps") << "a file";
    const auto written = write_results(small.state, small.sweep(), state_dir.path(), {});
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, Errc::io);
}

TEST(Layout, AttemptsLieUnderTheirPoint) {
    const test::SmallSweep small;
    EXPECT_EQ(attempt_dir("/s", small.sweep(), 3, 2), "/s/sweeps/0123456789ab-7/jobs/3/2");
}

}  // namespace
}  // namespace bw::results
