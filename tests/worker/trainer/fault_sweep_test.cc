// Every allocation of a step fails once, on each rank, in both forms of the reduction: no rank
// waits for ever (the runner's time limit is the watchdog), all agree, and what follows is bit for
// bit the step that was planned with the smaller micro-batch.
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/worker/trainer/ranks_fixture.h"
#include "worker/trainer/memory/capped_allocator.h"

namespace bw::trainer::test {
namespace {

constexpr std::int64_t kBatch = 24, kGroup = 4, kLarge = 8, kSmall = 4, kNoFault = -1;

enum class Moment { first_step, later_step };

struct Outcome {
    std::string digest, error;
    std::int64_t micro_batch = 0;
    double loss_sum = 0;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct FaultCase {
    int world_size = 1;
    Reduction reduction = Reduction::deferred;
    Moment moment = Moment::first_step;
};

class FaultSweep : public testing::TestWithParam<FaultCase> {
protected:
    static void SetUpTestSuite() { CappedAllocator::install(); }

    void TearDown() override { CappedAllocator::fail_allocation(kNoFault); }

    struct Run {
        std::int64_t micro_batch = 0, fault = kNoFault;  // the number of this thread's allocation
        Reduction reduction = Reduction::deferred;
    };

    /// A step of new parts.
    Outcome step(int rank, Collective& collective, const Run& run) const {
        RankParts parts(
            small_network(Norm::batch),
            data_.dataset(),
            *plan::make_plan(kBatch, kGroup, GetParam().world_size, run.micro_batch),
            rank,
            collective,
            run.reduction
        );
        if (GetParam().moment == Moment::later_step) {  // the same before it, whatever is planned
            const auto plan = parts.stepper().plan();
            auto small = plan;
            small.micro_batch = kSmall;
            parts.stepper().set_plan(small);
            EXPECT_TRUE(parts.step(batch_, 0.1));
            parts.stepper().set_plan(plan);
        }
        CappedAllocator::fail_allocation(run.fault);
        const auto outcome = parts.step(batch_, 0.1);
        CappedAllocator::fail_allocation(kNoFault);
        if (!outcome) return {.digest = "", .error = outcome.error().message};
        return {
            .digest = parts.weights_digest(),
            .error = "",
            .micro_batch = parts.stepper().plan().micro_batch,
            .loss_sum = outcome->loss_sum};
    }

    SmallData data_;
    std::vector<std::uint32_t> batch_ = first_samples(kBatch);
};

TEST_P(FaultSweep, EveryAllocationOfAStep) {
    const int world_size = GetParam().world_size;
    constexpr std::int64_t kEventsMax = 400;
    std::vector<std::int64_t> faults(static_cast<std::size_t>(world_size), 0);
    run_ranks(world_size, [&](int rank, Collective& collective) {
        const Outcome clean = step(rank, collective, {.micro_batch = kSmall});
        const Outcome large = step(rank, collective, {.micro_batch = kLarge});
        ASSERT_EQ(clean.error + large.error, "");
        for (int faulty = 0; faulty < world_size; ++faulty) {
            for (std::int64_t n = 0;; ++n) {
                ASSERT_LT(n, kEventsMax);
                const Outcome seen = step(
                    rank,
                    collective,
                    {.micro_batch = kLarge,
                     .fault = rank == faulty ? n : kNoFault,
                     .reduction = GetParam().reduction}
                );
                ASSERT_EQ(seen.error, "") << "allocation " << n << " of rank " << faulty;
                if (seen.micro_batch == kLarge) {  // there were no more: every rank sees the same
                    ASSERT_EQ(seen, large);
                    break;
                }
                ASSERT_EQ(seen, clean) << "allocation " << n << " of rank " << faulty;
                if (rank == faulty) faults[static_cast<std::size_t>(rank)] = n + 1;
            }
        }
    });
    for (const std::int64_t count : faults) EXPECT_GT(count, 30) << "the sweep saw no step";
    std::int64_t all = 0;
    for (const std::int64_t count : faults) all += count;
    RecordProperty("faults", static_cast<int>(all));
    std::printf("world size %d: %lld faults\n", world_size, static_cast<long long>(all));
}

std::string fault_case_name(const testing::TestParamInfo<FaultCase>& info) {
    const FaultCase& c = info.param;
    return "W" + std::to_string(c.world_size) +
           (c.reduction == Reduction::overlapped ? "Overlapped" : "Deferred") +
           (c.moment == Moment::first_step ? "FirstStep" : "LaterStep");
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    FaultSweep,
    testing::Values(
        FaultCase{1, Reduction::deferred, Moment::first_step},
        FaultCase{2, Reduction::deferred, Moment::first_step},
        FaultCase{3, Reduction::deferred, Moment::first_step},
        FaultCase{2, Reduction::overlapped, Moment::first_step},
        FaultCase{3, Reduction::overlapped, Moment::first_step},
        FaultCase{2, Reduction::deferred, Moment::later_step},
        FaultCase{2, Reduction::overlapped, Moment::later_step}
    ),
    fault_case_name
);

/// The stepper lets an update take the host's memory, so that no step fails half-way through the
/// weights: then it must not take any to speak of.
TEST(OptimizerMemory, AnUpdateTakesScalarsOnly) {
    constexpr std::int64_t kScalar = 64;
    CappedAllocator::install();
    auto& memory = CappedAllocator::get();
    const auto network = small_network(Norm::batch);
    FlatParameters parameters(*network, 256);
    using enum OptimizerKind;
    for (const auto kind : {sgd, adam, adamw, rmsprop, lamb}) {
        for (const double weight_decay : {0.0, 1e-4}) {
            const auto optimizer = make_optimizer(
                parameters, {.kind = kind, .momentum = 0.9, .weight_decay = weight_decay}
            );
            memory.begin_recording();
            for (std::int64_t number = 1; number <= 3; ++number)
                optimizer->update({.learning_rate = 0.1, .momentum = 0.9, .number = number});
            for (const auto& event : memory.end_recording().events)
                EXPECT_LE(event.bytes, kScalar) << name_of(kind) << ", decay " << weight_decay;
        }
    }
}

}  // namespace
}  // namespace bw::trainer::test
