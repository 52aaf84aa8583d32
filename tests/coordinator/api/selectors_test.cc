// How clients name things, against states made by events.
#include "coordinator/api/selectors.h"

#include <gtest/gtest.h>

#include "tests/coordinator/results/small_sweep.h"

namespace bw::api {
namespace {

class Selectors : public testing::Test {
protected:
    test::SmallSweep small_;
    const core::State& state_ = small_.state;

    [[nodiscard]] std::string problem(const std::string& selector) const {
        const auto selected = select(state_, selector);
        return selected ? "" : selected.error().message;
    }
};

TEST_F(Selectors, LastANumberAndANameMeanTheSweepAsAWhole) {
    for (const std::string& text :
         {std::string("last"), std::string("7"), name_of(state_.sweeps.at({7}))}) {
        const auto selected = select(state_, text);
        ASSERT_TRUE(selected) << text;
        EXPECT_EQ(selected->sweep->id, SweepId{7});
        EXPECT_FALSE(selected->points);
    }
}

TEST_F(Selectors, BehindASlashStandPoints) {
    for (const std::string points : {"1", "1,3-4", "*"}) {
        const auto selected = select(state_, "last/" + points);
        ASSERT_TRUE(selected) << points;
        EXPECT_EQ(selected->points, points);
    }
}

TEST_F(Selectors, ErrorsNameTheThingAndTheRemedy) {
    EXPECT_NE(problem("9").find("there is no sweep \"9\"; the newest is 7"), std::string::npos);
    EXPECT_NE(problem("last/x").find("found \"x\""), std::string::npos);
    EXPECT_NE(problem("last/4-1").find("found \"4-1\""), std::string::npos);
    EXPECT_NE(problem("").find("batchwright list"), std::string::npos);
    const core::State nothing;
    EXPECT_NE(
        select(nothing, "last").error().message.find("batchwright submit"), std::string::npos
    );
}

TEST_F(Selectors, PointsBecomeJobsOnceEachAndInOrder) {
    const core::SweepRecord& sweep = state_.sweeps.at({7});
    const auto ordinal = [&](std::size_t i) { return state_.jobs.at(sweep.jobs[i]).ordinal; };
    const std::string twice = std::to_string(ordinal(2)) + "," + std::to_string(ordinal(0)) + "-" +
                              std::to_string(ordinal(2));
    const auto some = pick_jobs(state_, sweep, twice);
    ASSERT_TRUE(some);
    EXPECT_EQ(*some, std::vector<JobId>(sweep.jobs.begin(), sweep.jobs.begin() + 3));
    EXPECT_EQ(*pick_jobs(state_, sweep, "*"), sweep.jobs);
    const auto none = pick_jobs(state_, sweep, "1000");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("sweep 7 has no point 1000"), std::string::npos);
    EXPECT_FALSE(pick_job(state_, sweep, "*"));
}

TEST(Points, AreListsWithRangesOrAll) {
    EXPECT_EQ(*parse_points("1,4-7"), (Points{{1, 1}, {4, 7}}));
    for (const char* wrong :
         {"", ",", "1,", "-", "1-", "-1", "7-4", "a", "1 2", "99999999999999999999"})
        EXPECT_FALSE(parse_points(wrong)) << wrong;
}

}  // namespace
}  // namespace bw::api
