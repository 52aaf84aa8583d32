#include "coordinator/results/plots.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/results/gnuplot.h"
#include "tests/coordinator/journal/temporary_folder.h"
#include "tests/coordinator/results/small_sweep.h"

namespace bw::results {
namespace {

using testing::HasSubstr;
using testing::Not;

test::SmallSweep measured() {
    test::SmallSweep small;
    for (int epoch = 0; epoch < 3; ++epoch) {
        for (const std::uint64_t job : {1u, 2u}) {
            small.measure(
                job,
                epoch,
                {{"train_loss", 2.0 - 0.5 * epoch},
                 {"train_accuracy", 0.25 * (epoch + 1)},
                 {"test_loss", 2.25 - 0.5 * epoch},
                 {"test_accuracy", 0.125 * (epoch + 1)}}
            );
        }
        small.measure(4, epoch, {{"train_loss", 1.0}});
    }
    return small;
}

bool is_png(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string head(8, '\0');
    in.read(head.data(), 8);
    return head == "\x89PNG\r\n\x1a\n" && std::filesystem::file_size(file) > 1000;
}

/// Runs the body with another PATH.
class WithPath {
public:
    explicit WithPath(const std::string& path) : before_(std::getenv("PATH")) {
        setenv("PATH", path.c_str(), 1);
    }

    ~WithPath() { setenv("PATH", before_.c_str(), 1); }

private:
    std::string before_;
};

TEST(Plots, TheBestPointOfEachModelIsDrawn) {
    const auto small = measured();
    const auto best = best_jobs(small.state, small.sweep(), {"test_accuracy", true});
    EXPECT_EQ(best, (std::map<std::string, JobId>{{"cnn", {2}}, {"lenet_bn", {4}}}));
    EXPECT_EQ(best_jobs(small.state, small.sweep(), {"test_accuracy", false}).at("cnn"), JobId{1});
}

TEST(Plots, AFinishedPointIsPreferredToABetterOneThatFailed) {
    auto small = measured();
    small.measure(3, 0, {{"test_accuracy", 1.0}});
    EXPECT_EQ(best_jobs(small.state, small.sweep(), {}).at("cnn"), JobId{2});
}

TEST(Plots, AccuraciesAreInPercentOverEpochsFromZero) {
    const auto small = measured();
    const std::string script = plot_script("cnn", small.state.jobs.at({1}));
    EXPECT_THAT(script, HasSubstr("set output 'cnn_train_test_acc.png.new'"));
    EXPECT_THAT(script, HasSubstr("$train << END\n0 25\n1 50\n2 75\nEND\n"));
    EXPECT_THAT(script, HasSubstr("$test << END\n0 12.5\n1 25\n2 37.5\nEND\n"));
    EXPECT_THAT(script, HasSubstr("set title 'Train vs Test Accuracy'"));
    EXPECT_THAT(script, HasSubstr("set title 'Train vs Test Losses'"));
    EXPECT_THAT(script, HasSubstr("set ylabel 'losses'"));
    EXPECT_THAT(script, HasSubstr("set xlabel 'epoch'"));
}

TEST(Plots, AnEpochWithoutEvaluationIsLeftOut) {
    auto small = measured();
    small.measure(1, 3, {{"train_accuracy", 1.0}});
    const std::string script = plot_script("cnn", small.state.jobs.at({1}));
    EXPECT_THAT(script, HasSubstr("3 100\nEND"));
    EXPECT_THAT(script, HasSubstr("2 37.5\nEND"));
}

TEST(Plots, AModelsNameCannotEscapeTheFolderOrTheScript) {
    test::SmallSweep small;
    small.measure(1, 0, {{"train_loss", 1.0}});
    small.state.jobs.at({1}).params_json = R"json({"model":"../a'b\n\"$(x)"})json";
    const auto best = best_jobs(small.state, small.sweep(), {});
    EXPECT_EQ(best.begin()->first, ".._a_b____x_");
}

TEST(Plots, RealPicturesAreDrawn) {
    if (std::system("gnuplot --version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "gnuplot is not installed";
    const auto small = measured();
    const test::TemporaryFolder folder;
    const auto warnings = write_plots(small.state, small.sweep(), folder.path() / "plot");
    ASSERT_TRUE(warnings.has_value());
    EXPECT_THAT(*warnings, testing::IsEmpty());
    EXPECT_TRUE(is_png(folder.path() / "plot" / "cnn_train_test_acc.png"));
    EXPECT_TRUE(is_png(folder.path() / "plot" / "cnn_train_test_loss.png"));
    EXPECT_TRUE(is_png(folder.path() / "plot" / "lenet_bn_train_test_loss.png"));
    // It was never asked for its accuracy.
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "plot" / "lenet_bn_train_test_acc.png"));
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "plot")) {
        EXPECT_EQ(entry.path().extension(), ".png") << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 3u);
}

TEST(Plots, OneEpochCanBeDrawn) {
    if (std::system("gnuplot --version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "gnuplot is not installed";
    test::SmallSweep small;
    small.measure(
        1, 0, {{"train_accuracy", 0.5}, {"test_accuracy", 0.5}, {"train_loss", 1}, {"test_loss", 1}}
    );
    const test::TemporaryFolder folder;
    EXPECT_THAT(*write_plots(small.state, small.sweep(), folder.path()), testing::IsEmpty());
    EXPECT_TRUE(is_png(folder.path() / "cnn_train_test_acc.png"));
}

TEST(Plots, WithoutGnuplotThereIsAWarningWithTheRemedy) {
    const auto small = measured();
    const test::TemporaryFolder folder;
    const WithPath nowhere(folder.path().string());
    const auto warnings = write_plots(small.state, small.sweep(), folder.path() / "plot");
    ASSERT_TRUE(warnings.has_value());
    ASSERT_EQ(warnings->size(), 1u) << "once, not for every model";
    EXPECT_THAT(warnings->front(), HasSubstr("gnuplot-nox"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "plot"));
}

TEST(Plots, WhatGnuplotSaysIsInTheWarning) {
    if (std::system("gnuplot --version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "gnuplot is not installed";
    const test::TemporaryFolder folder;
    const auto run = run_gnuplot("frobnicate\n", folder.path());
    ASSERT_FALSE(run.has_value());
    EXPECT_EQ(run.error().code, Errc::io);
    EXPECT_THAT(run.error().message, HasSubstr("frobnicate"));
}

TEST(Plots, ASweepWithoutMeasuredEpochsNeedsNoGnuplot) {
    const test::SmallSweep small;
    const test::TemporaryFolder folder;
    EXPECT_THAT(
        *write_plots(small.state, small.sweep(), folder.path() / "plot"), testing::IsEmpty()
    );
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "plot"));
}

}  // namespace
}  // namespace bw::results
