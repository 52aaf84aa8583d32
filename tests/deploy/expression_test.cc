// The checker of the other tests here must itself see what is wrong.
#include "tests/deploy/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bw::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> problems_in(std::string_view text) {
    return problems_of(read_expression(text));
}

TEST(Expression, FindsNamesMatchersAndGroupings) {
    const Expression found = read_expression(
        R"(sum by (sweep, job) (rate(batchwright_a_total{sweep=~"$sweep", rank!="x,y}"}[5m])) / on (job) up)"
    );
    ASSERT_EQ(found.selectors.size(), 2u);
    EXPECT_EQ(found.selectors[0].metric, "batchwright_a_total");
    EXPECT_THAT(found.selectors[0].labels, ElementsAre("sweep", "rank"));
    EXPECT_EQ(found.selectors[1].metric, "up");
    EXPECT_THAT(found.grouping, ElementsAre("sweep", "job", "job"));
    EXPECT_TRUE(found.joins);
}

TEST(Expression, AcceptsWhatIsExported) {
    EXPECT_THAT(problems_in(R"(batchwright_train_loss{sweep="1", agent="a"})"), IsEmpty());
    EXPECT_THAT(
        problems_in("sum by (le) (rate(batchwright_queue_wait_seconds_bucket[5m]))"), IsEmpty()
    );
    EXPECT_THAT(problems_in(R"(up{job="batchwright-agents"} == 0)"), IsEmpty());
}

TEST(Expression, NamesWhatIsNot) {
    EXPECT_THAT(
        problems_in("batchwright_train_lss"), ElementsAre("batchwright_train_lss is not exported")
    );
    EXPECT_THAT(  // a histogram has no series of its plain name, a counter none of its parts
        problems_in("batchwright_queue_wait_seconds + batchwright_journal_events_total_sum"),
        ElementsAre(
            "batchwright_queue_wait_seconds is not exported",
            "batchwright_journal_events_total_sum is not exported"
        )
    );
    EXPECT_THAT(
        problems_in(R"(batchwright_slots{job="7"})"),
        ElementsAre("batchwright_slots has no label job")
    );
    EXPECT_THAT(
        problems_in("sum by (job) (batchwright_slots)"),
        ElementsAre("nothing to group by label job")
    );
    EXPECT_THAT(problems_in("1 + 1"), ElementsAre("it names no metric"));
}

TEST(Expression, HoldsALegendAgainstTheSeries) {
    const Expression sum = read_expression("sum by (agent) (batchwright_slots_busy)");
    EXPECT_THAT(problems_of_legend("{{agent}} x", sum), IsEmpty());
    EXPECT_THAT(
        problems_of_legend("{{agent}} {{slot}}", sum),
        ElementsAre("the legend's label slot is not there")
    );
    EXPECT_EQ(
        problems_of_legend(
            "{{rank}}", read_expression("sum by (job) (batchwright_rank_ooms_total)")
        )
            .size(),
        1u
    );
}

}  // namespace
}  // namespace bw::tests
