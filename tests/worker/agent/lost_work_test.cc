#include "worker/agent/lost_work.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace bw::agent {
namespace {

class LostSteps : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "bw-lost-XXXXXX";
        job_ = ::mkdtemp(pattern.data());
    }

    void TearDown() override { std::filesystem::remove_all(job_); }

    /// Steps 1 to `last`, 0.25 s each; then whatever else stands in the file.
    void write_curve(int attempt, int last, const std::string& rest = "") const {
        const auto folder = job_ / std::to_string(attempt);
        std::filesystem::create_directories(folder);
        std::ofstream file(folder / "curve.csv");
        file << "step,epoch,loss,samples,seconds\n";
        char row[80];
        for (int step = 1; step <= last; ++step) {
            std::snprintf(row, sizeof row, "%d,0,0.5,100,%.3f\n", step, 0.25 * step);
            file << row;
        }
        file << rest;
    }

    [[nodiscard]] proto::AttemptRunning begin(
        std::uint32_t attempt, std::int64_t step, std::uint32_t account_from
    ) const {
        proto::AttemptRunning fact;
        fact.set_attempt(attempt);
        fact.set_step(step);
        add_lost_work(fact, job_ / std::to_string(attempt), account_from);
        return fact;
    }

    std::filesystem::path job_;
};

TEST_F(LostSteps, AreThoseBeyondTheCheckpoint) {
    write_curve(1, 17);
    const auto fact = begin(2, 10, 1);
    ASSERT_EQ(fact.lost_size(), 1);
    EXPECT_EQ(fact.lost(0).attempt(), 1u);
    EXPECT_EQ(fact.lost(0).steps(), 7);
    EXPECT_EQ(fact.lost(0).time_ns(), 1'750'000'000);
}

TEST_F(LostSteps, AreAllWithoutACheckpoint) {
    write_curve(1, 3);
    const auto fact = begin(2, 0, 1);
    ASSERT_EQ(fact.lost_size(), 1);
    EXPECT_EQ(fact.lost(0).steps(), 3);
    EXPECT_EQ(fact.lost(0).time_ns(), 750'000'000);
}

TEST_F(LostSteps, ATornRowIsNoStep) {
    write_curve(1, 12, "13,0,0.5,100,9");
    EXPECT_EQ(begin(2, 10, 1).lost(0).steps(), 2);
}

TEST_F(LostSteps, OfEveryAttemptThatIsNotAccountedForYet) {
    write_curve(1, 30);
    write_curve(2, 15);
    write_curve(4, 12);  // the third was killed before its first step
    const auto fact = begin(5, 10, 2);
    ASSERT_EQ(fact.lost_size(), 2);
    EXPECT_EQ(fact.lost(0).attempt(), 2u);
    EXPECT_EQ(fact.lost(1).attempt(), 4u);
    EXPECT_EQ(begin(5, 10, 0).lost_size(), 0) << "nobody asked";
}

TEST_F(LostSteps, AreNoneAfterAnOrderlyStop) {
    write_curve(1, 10);
    EXPECT_EQ(begin(2, 10, 1).lost_size(), 0);
}

TEST_F(LostSteps, ALongHistoryIsReadFromItsEnd) {
    write_curve(1, 20'000);
    EXPECT_EQ(begin(2, 19'990, 1).lost(0).steps(), 10);
    EXPECT_EQ(begin(2, 1, 1).lost(0).steps(), 19'999);
}

TEST_F(LostSteps, ACurveThatIsNoneIsLeftOut) {
    write_curve(1, 0, "no,curve\n");
    std::filesystem::create_directories(job_ / "2" / "curve.csv");
    write_curve(3, 12, "garbage\n");
    const auto fact = begin(4, 10, 1);
    ASSERT_EQ(fact.lost_size(), 1);
    EXPECT_EQ(fact.lost(0).attempt(), 3u);
}

}  // namespace
}  // namespace bw::agent
