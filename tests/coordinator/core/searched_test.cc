// Points that come from a searcher: asked for when slots are free, accepted once, in order.
#include <gmock/gmock.h>

#include "world_fixture.h"

#include "coordinator/core/answer.h"

namespace bw::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string searched(const std::string& top, const std::string& options = "") {
    return "method: bayes\nmetric: {name: test_loss}\n" + top +
           "parameters:\n"
           "  model: {value: cnn}\n"
           "  learning_rate: {min: 0.0001, max: 0.1, distribution: log_uniform_values}\n"
           "batchwright:\n  world_size: 1\n" +
           options;
}

void finish_with(World& w, std::uint64_t job, double loss) {
    const Placed p{{job}, static_cast<std::uint32_t>(w.job(job).attempts.size())};
    w.running(p);
    w.measured(p, 0, {{"test_loss", loss}});
    w.finished(p);
    w.ignore_effects();
}

TEST(Searched, PointsAreWantedOnlyWhenSlotsAreFree) {
    World w;
    w.submit_text(searched("run_cap: 5\n"));
    EXPECT_TRUE(wanted_points(w.state, w.now).empty());
    w.agent("a", 2);
    EXPECT_THAT(wanted_points(w.state, w.now), ElementsAre(PointsWanted{{1}, 0, 2}));
    EXPECT_EQ(w.answer_searchers(), 2u);
    w.expect_started({1});
    w.expect_started({2});
    EXPECT_TRUE(wanted_points(w.state, w.now).empty()) << "both slots are taken";
}

TEST(Searched, ConcurrencyAndCapBoundWhatIsWanted) {
    World w;
    w.agent("a", 8);
    w.submit_text(searched("run_cap: 5\n", "  concurrency: 3\n"));
    EXPECT_EQ(w.answer_searchers(), 3u);
    finish_with(w, 1, 0.3);
    EXPECT_THAT(wanted_points(w.state, w.now), ElementsAre(PointsWanted{{1}, 3, 1}));
    w.answer_searchers();
    finish_with(w, 2, 0.2);
    w.answer_searchers();
    finish_with(w, 3, 0.1);
    EXPECT_TRUE(wanted_points(w.state, w.now).empty()) << "run_cap is reached";
    finish_with(w, 4, 0.1);
    finish_with(w, 5, 0.1);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    EXPECT_EQ(w.state.jobs.size(), 5u);
    w.ignore_effects();
}

TEST(Searched, ALateOrRepeatedAnswerChangesNothing) {
    World w;
    w.agent("a", 1);
    w.submit_text(searched("run_cap: 5\n"));
    const PointsWanted wanted = wanted_points(w.state, w.now).front();
    const SweepRecord& sweep = w.state.sweeps.at({1});
    const SearcherAnswered answer = answer_of(*sweep.sweep, past_jobs(w.state, sweep), wanted);
    w.give(answer);
    EXPECT_EQ(w.state.jobs.size(), 1u);
    w.give(answer);
    EXPECT_EQ(w.last(), "");
    EXPECT_EQ(w.state.jobs.size(), 1u);
    w.ignore_effects();
}

TEST(Searched, TheSameBooksGiveTheSameAnswer) {
    World w;
    w.agent("a", 1);
    w.submit_text(searched("run_cap: 20\n"));
    for (std::uint64_t job = 1; job <= 8; ++job) {
        const SweepRecord& sweep = w.state.sweeps.at({1});
        const PointsWanted wanted = wanted_points(w.state, w.now).front();
        const auto one = answer_of(*sweep.sweep, past_jobs(w.state, sweep), wanted);
        const auto two = answer_of(*sweep.sweep, past_jobs(w.state, sweep), wanted);
        ASSERT_EQ(one.points.size(), 1u);
        EXPECT_EQ(one.points.front().params_json, two.points.front().params_json);
        w.give(one);
        finish_with(w, job, 1.0 / static_cast<double>(job));
    }
    std::set<std::string> hashes;
    for (const auto& [id, job] : w.state.jobs) hashes.insert(job.hash);
    EXPECT_EQ(hashes.size(), 8u);
}

TEST(Searched, APausedOrCancelledSweepWantsNothing) {
    World w;
    w.agent("a", 1);
    w.submit_text(searched("run_cap: 5\n"));
    w.give(PauseJobs{{.sweep = {1}, .jobs = {}}});
    EXPECT_TRUE(wanted_points(w.state, w.now).empty());
    w.give(ResumeJobs{{.sweep = {1}, .jobs = {}}});
    EXPECT_EQ(wanted_points(w.state, w.now).size(), 1u);
    w.give(CancelJobs{{.sweep = {1}, .jobs = {}}});
    EXPECT_TRUE(wanted_points(w.state, w.now).empty());
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.ignore_effects();
}

TEST(Searched, ARaisedCapGoesOnWhereItWas) {
    World w;
    w.agent("a", 4);
    w.submit_text(searched("run_cap: 1\n"));
    w.answer_searchers();
    finish_with(w, 1, 0.5);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    w.submit_text(searched("run_cap: 3\n"));
    EXPECT_EQ(w.state.sweeps.size(), 1u);
    EXPECT_EQ(w.answer_searchers(), 2u);
    EXPECT_EQ(w.job(3).ordinal, 2u);
    w.ignore_effects();
}

TEST(Searched, ASmallSpaceEndsWhenItIsUsedUp) {
    World w;
    w.agent("a", 8);
    w.submit_text(
        "method: random\nparameters:\n  model: {value: cnn}\n  seed: {values: [1, 2, 3]}\n"
        "batchwright: {sampler: sobol}\n"
    );
    EXPECT_EQ(w.answer_searchers(), 3u);
    for (std::uint64_t job = 1; job <= 3; ++job) finish_with(w, job, 1);
    EXPECT_TRUE(w.state.sweeps.at({1}).ended);
    EXPECT_THAT(w.state.sweeps.at({1}).search_end, HasSubstr("every point"));
    w.ignore_effects();
}

TEST(Searched, ReplicasOfAnAssignmentDifferInTheirParameterOnly) {
    World w;
    w.agent("a", 3);
    w.submit_text(searched("run_cap: 6\n", "  replicas: 3\n"));
    EXPECT_EQ(w.answer_searchers(), 3u);
    const auto without_seed = [&](std::uint64_t id) {
        std::string text = w.job(id).params_json;
        const auto at = text.find("\"seed\":");
        EXPECT_EQ(text.substr(at + 7, 1), std::to_string(id - 1));
        return text.erase(at, 8);
    };
    EXPECT_EQ(without_seed(1), without_seed(2));
    EXPECT_EQ(without_seed(1), without_seed(3));
    for (std::uint64_t job = 1; job <= 3; ++job) finish_with(w, job, 0.5);
    EXPECT_EQ(w.answer_searchers(), 3u);
    w.ignore_effects();
}

TEST(Searched, ExplicitPointsComeFirst) {
    World w;
    w.agent("a", 1);
    w.submit_text(searched("run_cap: 3\n", "  points: [{learning_rate: 0.01}]\n"));
    EXPECT_THAT(w.job(1).params_json, HasSubstr("\"learning_rate\":0.01"));
    finish_with(w, 1, 0.5);
    EXPECT_THAT(wanted_points(w.state, w.now), ElementsAre(PointsWanted{{1}, 1, 1}));
    w.ignore_effects();
}

}  // namespace
}  // namespace bw::core
