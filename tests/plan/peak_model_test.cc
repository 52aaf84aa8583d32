#include "plan/peak_model.h"

#include <map>

#include <gtest/gtest.h>

#include "plan/time_model.h"

namespace bw::plan {
namespace {

using Kind = MemoryEvent::Kind;

constexpr std::int64_t kOverhead = 64;

/// A step with forward activations, a large block that only the update takes, and groups' sums.
class Step {
public:
    Step(std::int64_t samples, std::int64_t groups) {
        trace_.samples = samples;
        trace_.groups = groups;
        trace_.base_bytes = 1'000'000;
        trace_.block_overhead_bytes = kOverhead;
        for (int micro = 0; micro < 2; ++micro) {
            const auto input = take(4 * 784 * samples);
            const auto hidden = take(4 * 3000 * samples);
            const auto statistics = take(16 * 24 * groups);
            const auto mask = take(3000 * samples + 5);
            release(input);
            const auto gradient = take(4 * 3000 * samples);
            release(mask);
            release(hidden);
            release(statistics);
            release(gradient);
        }
        const auto scratch = take(900'000);
        release(scratch);
    }

    [[nodiscard]] const MemoryTrace& trace() const { return trace_; }

private:
    std::int64_t take(std::int64_t bytes) {
        trace_.events.push_back({Kind::allocate, next_, bytes});
        sizes_[next_] = bytes;
        return next_++;
    }

    void release(std::int64_t id) { trace_.events.push_back({Kind::release, id, sizes_.at(id)}); }

    MemoryTrace trace_;
    std::int64_t next_ = 0;
    std::map<std::int64_t, std::int64_t> sizes_;
};

std::vector<MemoryTrace> probes_with_groups() {
    return {Step(4, 1).trace(), Step(8, 1).trace(), Step(4, 2).trace()};
}

TEST(PeakModel, ReplaysEveryMicroBatchExactlyThoughThePeakIsNoLine) {
    const auto model = PeakModel::fit(probes_with_groups());
    ASSERT_TRUE(model) << model.error().message;
    for (std::int64_t samples = 1; samples <= 600; samples += 7) {
        for (const std::int64_t groups : {1, 2, 3, 17}) {
            EXPECT_EQ(model->peak(samples, groups), peak_of(Step(samples, groups).trace()))
                << samples << " samples in " << groups << " groups";
        }
    }
    EXPECT_EQ(model->exactness(), Exactness::exact);
}

TEST(PeakModel, ALineThroughThePeaksOfTheProbesWouldMissWhatTheUpdateHides) {
    const auto model = PeakModel::fit(probes_with_groups());
    ASSERT_TRUE(model);
    EXPECT_EQ(model->peak(4, 1), model->peak(8, 1)) << "slope zero: the update is the peak";
    EXPECT_GT(model->peak(64, 1), 2 * model->peak(8, 1) - model->peak(4, 1));
}

TEST(PeakModel, WithoutGroupsTwoProbesAreEnough) {
    const std::vector<MemoryTrace> probes = {Step(4, 0).trace(), Step(8, 0).trace()};
    const auto model = PeakModel::fit(probes);
    ASSERT_TRUE(model);
    EXPECT_EQ(model->peak(100, 0), peak_of(Step(100, 0).trace()));
}

TEST(PeakModel, KeepsOnlyPlanesThatCanBeTheLargest) {
    const auto model = PeakModel::fit(probes_with_groups());
    ASSERT_TRUE(model);
    EXPECT_LT(model->planes().size(), 6u);
}

TEST(PeakModel, ProbesOnALineCannotTellGroupsFromSamples) {
    const std::vector<MemoryTrace> probes = {
        Step(4, 1).trace(), Step(8, 2).trace(), Step(12, 3).trace()};
    EXPECT_EQ(PeakModel::fit(probes).error().code, Errc::invalid_input);
    const std::vector<MemoryTrace> one = {Step(4, 1).trace()};
    EXPECT_EQ(PeakModel::fit(one).error().code, Errc::invalid_input);
}

TEST(PeakModel, AnotherSequenceOfEventsIsAnotherKernel) {
    auto probes = probes_with_groups();
    probes[1].events.insert(probes[1].events.begin() + 3, {Kind::allocate, 99, 8});
    const auto longer = PeakModel::fit(probes);
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().code, Errc::unsupported);
    EXPECT_NE(longer.error().message.find("event 3"), std::string::npos) << longer.error().message;
    EXPECT_NE(sequence_digest(probes[0]), sequence_digest(probes[1]));
    EXPECT_EQ(sequence_digest(probes[0]), sequence_digest(probes[2])) << "sizes do not count";
}

TEST(PeakModel, ABlockThatShrinksIsNotAffine) {
    auto probes = probes_with_groups();
    probes[1].events[0].bytes = 1;
    EXPECT_EQ(PeakModel::fit(probes).error().code, Errc::unsupported);
}

TEST(PeakModel, ThePhasesAreTheFallback) {
    auto probes = probes_with_groups();
    for (auto& probe : probes) probe.phase_begins = {0, probe.events.size() - 2};
    probes[1].events.insert(probes[1].events.begin(), {Kind::allocate, 99, 8});
    probes[1].phase_begins[1] += 1;
    ASSERT_FALSE(PeakModel::fit(probes));
    const auto model = PeakModel::fit_phases(probes);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->exactness(), Exactness::by_phase);
    EXPECT_EQ(model->planes().size(), 2u);
    const auto truth = static_cast<double>(peak_of(Step(200, 1).trace()));
    EXPECT_NEAR(static_cast<double>(model->peak(200, 1)), truth, truth * 0.03);
    EXPECT_GT(model->margin(), PeakModel({}, Exactness::exact).margin());
}

TEST(PeakModel, AnEmptyModelNeedsNothing) {
    EXPECT_EQ(PeakModel().peak(32, 1), 0);
    EXPECT_EQ(PeakModel().peak_plane(32, 1), Plane{});
}

TEST(TimeModelFit, NoPartIsNegative) {
    const auto line = fit_times(4, 0.5, 8, 0.9);
    EXPECT_NEAR(line.per_sample, 0.1, 1e-12);
    EXPECT_NEAR(line.per_micro_batch, 0.1, 1e-12);
    const auto faster = fit_times(4, 0.9, 8, 0.5);  // the first one warmed up
    EXPECT_GE(faster.per_sample, 0);
    EXPECT_GE(faster.per_micro_batch, 0);
    const auto steep = fit_times(4, 0.1, 8, 0.9);
    EXPECT_NEAR(steep.micro_batches(1, 4), 0.1, 1e-12);
    EXPECT_GE(steep.per_micro_batch, 0);
}

}  // namespace
}  // namespace bw::plan
