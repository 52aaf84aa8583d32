#include "coordinator/journal/series.h"

#include <cmath>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "tests/coordinator/journal/temporary_folder.h"

namespace bw::journal {
namespace {

Sample sample(std::uint64_t job, std::uint32_t attempt, std::int64_t step) {
    return {{job}, attempt, step, {1000 + step}, 0.5, 100.0};
}

TEST(Series, TheNewestSamplesComeBackInOrder) {
    const test::TemporaryFolder folder;
    auto series = Series::open(folder.path());
    ASSERT_TRUE(series.has_value());
    for (int step = 1; step <= 10; ++step) ASSERT_TRUE(series->add(sample(1, 1, step)).has_value());
    ASSERT_TRUE(series->add(sample(1, 2, 7)).has_value());
    ASSERT_TRUE(series->add(sample(2, 1, 99)).has_value());
    const auto recent = series->recent({1}, 3);
    ASSERT_TRUE(recent.has_value());
    EXPECT_EQ(*recent, (std::vector{sample(1, 1, 9), sample(1, 1, 10), sample(1, 2, 7)}));
    EXPECT_TRUE(series->recent({3})->empty());
}

TEST(Series, SamplesSurviveReopeningAndReplaceTheirStep) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(Series::open(folder.path())->add(sample(1, 1, 1)).has_value());
    auto series = Series::open(folder.path());
    Sample again = sample(1, 1, 1);
    again.loss = std::numeric_limits<double>::quiet_NaN();
    ASSERT_TRUE(series->add(again).has_value());
    const auto recent = series->recent({1});
    ASSERT_EQ(recent->size(), 1u);
    EXPECT_TRUE(std::isnan(recent->front().loss));
    EXPECT_EQ(recent->front().samples_per_second, 100.0);
}

TEST(Series, OldSamplesAreThinnedNewOnesAreNot) {
    const test::TemporaryFolder folder;
    auto series = Series::open(folder.path(), {.samples_per_job_max = 100});
    for (int step = 1; step <= 1000; ++step)
        ASSERT_TRUE(series->add(sample(1, 1, step)).has_value());
    const auto recent = series->recent({1}, 10'000);
    ASSERT_LE(recent->size(), 101u);
    ASSERT_GE(recent->size(), 75u);
    EXPECT_EQ(recent->front().step, 1);  // the beginning of the curve stays
    for (std::size_t i = recent->size() - 40; i < recent->size(); ++i) {
        EXPECT_EQ((*recent)[i].step, (*recent)[i - 1].step + 1);
    }
}

TEST(Series, ADamagedFileIsReplaced) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "series.db") << std::string(9000, 'x');
    auto series = Series::open(folder.path());
    ASSERT_TRUE(series.has_value()) << series.error().message;
    EXPECT_TRUE(series->add(sample(1, 1, 1)).has_value());
}

}  // namespace
}  // namespace bw::journal
