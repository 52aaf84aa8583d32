#include "worker/agent/spool.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "coordinator/core/event.h"
#include "worker/agent/facts.h"
#include "worker/agent/log_file.h"

namespace bw::agent {
namespace {

class Folder : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "bw-spool-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

using SpoolFile = Folder;
using LogFiles = Folder;

proto::Fact ended(int rank) { return ended_fact({1, 1, rank}, Outcome::died, "killed", 3); }

TEST_F(SpoolFile, KeepsFactsUntilTheyAreAcknowledged) {
    auto spool = Spool::open(folder_ / "spool");
    ASSERT_TRUE(spool);
    for (int rank = 0; rank < 3; ++rank) {
        EXPECT_EQ(spool->append(ended(rank))->sequence(), static_cast<std::uint64_t>(rank + 1));
    }
    spool->sync();
    const auto full = std::filesystem::file_size(folder_ / "spool");
    EXPECT_GT(full, 0u);
    spool->acknowledge(2);
    ASSERT_EQ(spool->facts().size(), 1u);
    EXPECT_EQ(spool->facts().front().rank_ended().rank(), 2);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "spool"), full);
    spool->acknowledge(3);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "spool"), 0u);
}

TEST_F(SpoolFile, SequenceGoesOnAfterAClearing) {
    auto spool = Spool::open(folder_ / "spool");
    ASSERT_TRUE(spool);
    spool->append(ended(0));
    spool->clear();
    EXPECT_TRUE(spool->facts().empty());
    EXPECT_EQ(spool->append(ended(0))->sequence(), 2u);
}

TEST_F(SpoolFile, NewProcessStartsEmpty) {
    {
        auto spool = Spool::open(folder_ / "spool");
        ASSERT_TRUE(spool);
        spool->append(ended(0));
    }
    const auto spool = Spool::open(folder_ / "spool");
    ASSERT_TRUE(spool);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "spool"), 0u);
}

TEST_F(SpoolFile, FullOneDropsMeasurementsButNoEndOfARank) {
    auto spool = Spool::open(folder_ / "spool");
    ASSERT_TRUE(spool);
    const proto::Fact measured = fact_of({1, 1, 0}, trainer_wire::EpochEnded{});
    while (spool->facts().size() < Spool::kFactsMax) ASSERT_NE(spool->append(measured), nullptr);
    EXPECT_EQ(spool->append(measured), nullptr);
    EXPECT_NE(spool->append(ended(0)), nullptr);
}

TEST_F(SpoolFile, UnwritableFolderIsAnError) {
    const auto spool = Spool::open(folder_ / "missing" / "spool");
    ASSERT_FALSE(spool);
    EXPECT_EQ(spool.error().code, Errc::io);
}

// The two sides may not include each other: only their numbers meet.
TEST(Facts, NumbersAreTheCores) {
    EXPECT_EQ(static_cast<int>(Outcome::finished), static_cast<int>(core::RankOutcome::finished));
    EXPECT_EQ(static_cast<int>(Outcome::stopped), static_cast<int>(core::RankOutcome::stopped));
    EXPECT_EQ(static_cast<int>(Outcome::failed), static_cast<int>(core::RankOutcome::failed));
    EXPECT_EQ(static_cast<int>(Outcome::died), static_cast<int>(core::RankOutcome::died));
    EXPECT_EQ(static_cast<int>(StopOrder::preempt), static_cast<int>(core::StopKind::preempt));
    EXPECT_EQ(static_cast<int>(StopOrder::cancel), static_cast<int>(core::StopKind::cancel));
    EXPECT_EQ(static_cast<int>(StopOrder::kill), static_cast<int>(core::StopKind::kill));
}

TEST_F(LogFiles, LastLineIsTheLastThatIsNotBlank) {
    LogFile log(folder_ / "a.log");
    EXPECT_EQ(log.last_line(), "");
    log.write("one\n");
    log.write("two\tthree\n\n  \n");
    EXPECT_EQ(log.last_line(), "two three");
    log.write("no end");
    EXPECT_EQ(log.last_line(), "no end");
}

TEST_F(LogFiles, LongLineIsCut) {
    LogFile log(folder_ / "a.log");
    log.write(std::string(100'000, 'x') + "\n");
    EXPECT_EQ(log.last_line().size(), 200u);
}

TEST_F(LogFiles, RotatesAtItsLimit) {
    LogFile log(folder_ / "a.log");
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 17; ++i) log.write(block);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "a.log.1"), 16u << 20);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "a.log"), 1u << 20);
}

TEST_F(LogFiles, MovesOnToAnotherFolder) {
    LogFile log(folder_ / "a.log");
    log.write("warm\n");
    log.move_to(folder_ / "job" / "rank0.log");
    log.write("at work\n");
    EXPECT_EQ(std::filesystem::file_size(folder_ / "a.log"), 5u);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "job" / "rank0.log"), 8u);
}

}  // namespace
}  // namespace bw::agent
