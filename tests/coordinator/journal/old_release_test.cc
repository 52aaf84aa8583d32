// Journals that earlier releases wrote (tests/data/journal) are replayed by this one, which then
// writes on.
#include <gtest/gtest.h>

#include "base/version.h"
#include "coordinator/core/core.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite.h"
#include "tests/coordinator/journal/temporary_folder.h"

namespace bw::journal {
namespace {

// A sweep of two points on two ranks each: a trainer was killed in the first, the coordinator
// later; both finished.
class JournalOfRelease1 : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::copy_file(
            std::filesystem::path(BW_TEST_DATA) / "journal" / "v1.db", folder_.path() / "journal.db"
        );
    }

    Journal open() {
        auto journal = Journal::open(folder_.path());
        EXPECT_TRUE(journal.has_value());
        return std::move(*journal);
    }

    std::int64_t version() {
        auto database = Database::open(folder_.path() / "journal.db");
        return *database->query_integer("PRAGMA user_version");
    }

    test::TemporaryFolder folder_;
};

TEST_F(JournalOfRelease1, IsReplayed) {
    ASSERT_EQ(version(), 1);
    const Result<core::State> state = open().replay();
    ASSERT_TRUE(state.has_value()) << state.error().message;
    EXPECT_TRUE(core::broken_invariants(*state).empty());
    ASSERT_EQ(state->jobs.size(), 2u);
    EXPECT_TRUE(state->sweeps.at({1}).ended);
    const core::JobRecord& first = state->jobs.at({1});
    const core::JobRecord& second = state->jobs.at({2});
    EXPECT_EQ(first.state, core::JobState::finished);
    EXPECT_EQ(second.state, core::JobState::finished);
    EXPECT_EQ(first.attempts.size(), 2u);
    EXPECT_EQ(second.attempts.size(), 1u);
    EXPECT_EQ(first.reason, "finished at step 360");
    ASSERT_TRUE(first.result.has_value());
    EXPECT_EQ(first.result->weights_sha256.size(), 64u);
    EXPECT_EQ(first.attempts[0].after, core::AfterStop::as_it_ended);
    EXPECT_TRUE(first.lost.empty()) << "the first release did not account for it";
}

TEST_F(JournalOfRelease1, IsWrittenOnAndThenNoLongerTheOldReleases) {
    core::State state = *open().replay();
    {
        Journal journal = open();
        const std::vector<core::Event> events = {
            core::SweepReopened{{1}, false, {5}}, core::SweepCancelled{{1}, {6}}};
        ASSERT_TRUE(journal.append(events).has_value());
        for (const core::Event& event : events) core::apply(state, event);
    }
    EXPECT_EQ(version(), kJournalVersion);
    EXPECT_EQ(*open().replay(), state);
}

// A sweep of two points under a memory limit, of which both finished: written before profiles were
// events.
TEST(JournalOfRelease2, IsReplayed) {
    const test::TemporaryFolder folder;
    std::filesystem::copy_file(
        std::filesystem::path(BW_TEST_DATA) / "journal" / "v2.db", folder.path() / "journal.db"
    );
    auto journal = Journal::open(folder.path());
    ASSERT_TRUE(journal.has_value());
    const Result<core::State> state = journal->replay();
    ASSERT_TRUE(state.has_value()) << state.error().message;
    EXPECT_TRUE(core::broken_invariants(*state).empty());
    ASSERT_EQ(state->jobs.size(), 2u);
    EXPECT_TRUE(state->sweeps.at({1}).ended);
    EXPECT_TRUE(state->profiles.empty());
    for (const auto& [id, job] : state->jobs) {
        EXPECT_EQ(job.state, core::JobState::finished);
        ASSERT_TRUE(job.result.has_value());
        EXPECT_EQ(job.result->metrics.at("limit_bytes"), 40.0 * (1 << 20));
    }
}

}  // namespace
}  // namespace bw::journal
