// The documents of the API, from a small sweep; the books against a recount; the audit against
// histories that were tampered with.
#include "coordinator/api/reads.h"

#include <gtest/gtest.h>

#include "coordinator/api/ask_tell.h"
#include "coordinator/api/audit.h"
#include "tests/coordinator/results/small_sweep.h"

namespace bw::api {
namespace {

class Reads : public testing::Test {
protected:
    Result<Json> read(Reader reader, Call call = {}) {
        call.segments.emplace("sweep", "last");
        return reader(View{books_, Instant{100}, folder_}, call);
    }

    Books books_ = make_books(test::SmallSweep().state);
    std::filesystem::path folder_ = "state";
};

TEST_F(Reads, AListOfSweepsHasCountsAndFilters) {
    const auto all = read(list_sweeps);
    ASSERT_TRUE(all);
    EXPECT_EQ((*all)["total"], 1);
    const Json& sweep = (*all)["sweeps"][0];
    EXPECT_EQ(sweep["state"], "unsuccessful");
    EXPECT_EQ(sweep["counts"], (Json{{"finished", 3}, {"failed", 1}}));
    EXPECT_EQ(sweep["ended"], 4);
    Call call;
    call.query["state"] = "running";
    EXPECT_EQ((*read(list_sweeps, call))["total"], 0);
    call.query["state"] = "runing";
    EXPECT_NE(read(list_sweeps, call).error().message.find("did you mean"), std::string::npos);
}

/// One whose points are searched for, between its submission and its first point.
TEST_F(Reads, ASweepWithoutPointsIsShown) {
    core::SweepSubmitted submitted;
    submitted.sweep = {99};
    submitted.text =
        "method: custom\ncommand: [point]\nmetric: {name: loss, goal: minimize}\n"
        "parameters: {x: {min: 0.0, max: 1.0}}\n";
    api::apply(books_, core::Event{submitted});
    const auto shown = read(show_sweep);
    ASSERT_TRUE(shown) << shown.error().message;
    EXPECT_EQ((*shown)["sweep"], 99);
    EXPECT_EQ((*shown)["counts"], Json::object());
    EXPECT_EQ((*read(ask_points))["first"], 0);
}

TEST_F(Reads, APageOfJobsSaysHowManyThereAre) {
    Call call;
    call.query = {{"limit", "2"}, {"offset", "1"}, {"state", "finished"}};
    const auto page = read(list_jobs, call);
    ASSERT_TRUE(page);
    EXPECT_EQ((*page)["total"], 3);
    EXPECT_EQ((*page)["jobs"].size(), 2U);
}

TEST_F(Reads, AJobIsToldWithItsAttempts) {
    const core::JobRecord& first = books_.state.jobs.at({1});
    Call call;
    call.segments["points"] = std::to_string(first.ordinal);
    const auto job = read(show_job, call);
    ASSERT_TRUE(job);
    ASSERT_EQ((*job)["history"].size(), 2U);
    EXPECT_EQ((*job)["attempts"], 2);
    EXPECT_EQ((*job)["history"][0]["ranks"][0]["outcome"], "died");
    EXPECT_EQ((*job)["history"][0]["lost_steps"], 5);
    EXPECT_EQ((*job)["history"][0]["lost_device_seconds"], 1.25);
    EXPECT_EQ((*job)["lost_device_seconds"], (Json{{"died", 1.25}}));
    EXPECT_EQ((*job)["history"][0]["ranks"][0]["agent"], "agent");
    EXPECT_EQ((*job)["params"]["model"], "cnn");
    const std::string log = (*job)["history"][1]["ranks"][0]["log"];
    EXPECT_TRUE(log.ends_with("/" + std::to_string(first.ordinal) + "/2/rank0.log")) << log;
}

TEST_F(Reads, TheLeaderboardBeginsWithTheBest) {
    const auto board = read(show_leaderboard);
    ASSERT_TRUE(board);
    EXPECT_EQ((*board)["rows"][0]["ordinal"], books_.state.jobs.at({2}).ordinal);
    EXPECT_EQ((*board)["rows"][3]["state"], "failed");
}

TEST_F(Reads, ASelectionNamesThePathOfWhatItMeans) {
    Call call;
    call.query["selector"] = "last/*";
    const auto selection = read(show_selection, call);
    ASSERT_TRUE(selection);
    EXPECT_EQ((*selection)["path"], "/api/v1/sweeps/7/jobs/%2A");
    EXPECT_EQ((*selection)["jobs"], 4);
    EXPECT_FALSE(read(show_selection));
}

// ---- audit

core::RankEnded rank_ended(std::uint32_t attempt) {
    core::RankEnded ended;
    ended.job = {1};
    ended.attempt = attempt;
    return ended;
}

core::AttemptPlaced placed(std::uint32_t attempt) {
    core::AttemptPlaced event;
    event.job = {1};
    event.attempt = attempt;
    event.slots = {{{1}, 0}};
    return event;
}

Json audit(const std::vector<core::Event>& events) {
    Audit audit(SweepId{1});
    std::uint64_t sequence = 0;
    const std::string text =
        "method: grid\nparameters: {model: {value: cnn}, dataset: {value: mnist}}\n";
    audit.visit(++sequence, core::SweepSubmitted{{1}, "f", text, "x", {1}});
    audit.visit(++sequence, core::PointsSuggested{{1}, {{{1}, 0, "h", "{}"}}, true});
    for (const core::Event& event : events) audit.visit(++sequence, event);
    return audit.report();
}

core::JobEnded ended(core::JobState state, const std::string& reason) {
    core::JobEnded event;
    event.job = {1};
    event.state = state;
    event.reason = reason;
    return event;
}

TEST(Audit, AnOrdinaryHistoryIsComplete) {
    core::AttemptPlaced again = placed(2);
    again.resume = core::Checkpoint{5, "one"};
    const Json report = audit(
        {placed(1),
         core::CheckpointAccepted{{1}, 1, {5, "one"}},
         rank_ended(1),
         again,
         rank_ended(2),
         ended(core::JobState::finished, ""),
         core::SweepEnded{{1}, {9}}}
    );
    EXPECT_EQ(report["problems"], Json::array()) << report.dump(1);
    EXPECT_TRUE(report["complete"]);
    EXPECT_EQ(report["resumes"], 1);
}

TEST(Audit, ARetryTakesAnEndBack) {
    const Json report = audit(
        {ended(core::JobState::failed, "so"),
         core::JobReopened{{1}, {2}},
         ended(core::JobState::cancelled, "on request")}
    );
    EXPECT_TRUE(report["ok"]) << report.dump(1);
    EXPECT_FALSE(report["complete"]);  // the sweep has not ended
}

TEST(Audit, NoticesEveryBrokenPromise) {
    const auto told = [](const std::vector<core::Event>& events) {
        const Json report = audit(events);
        return report["ok"].get<bool>() ? "" : report["problems"][0].get<std::string>();
    };
    const auto failed = ended(core::JobState::failed, "so");
    core::AttemptPlaced stale = placed(1);
    stale.resume = core::Checkpoint{5, "never accepted"};
    EXPECT_NE(told({failed, failed}).find("ended twice"), std::string::npos);
    EXPECT_NE(
        told({ended(core::JobState::failed, "")}).find("without a reason"), std::string::npos
    );
    EXPECT_NE(told({placed(1), placed(2)}).find("was live"), std::string::npos);
    EXPECT_NE(told({placed(2)}).find("follows attempt 0"), std::string::npos);
    EXPECT_NE(told({stale}).find("never accepted"), std::string::npos);
    EXPECT_NE(
        told({placed(1), rank_ended(1), core::CheckpointAccepted{{1}, 1, {5, "late"}}}
        ).find("no attempt was live"),
        std::string::npos
    );
    EXPECT_NE(told({core::SweepEnded{{1}, {9}}}).find("no terminal state"), std::string::npos);
}

}  // namespace
}  // namespace bw::api
