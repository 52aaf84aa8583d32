// The exact global batch (DESIGN 7), with real processes: the losses of a job do not depend on how
// its batch is laid out over ranks and micro-batches.
#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/layouts_fixture.h"

namespace bw::trainer::test {
namespace {

constexpr double kTolerance64 = 1e-10;
constexpr double kTolerance32 = 1e-4;

class ExactBatch : public testing::TestWithParam<std::string> {
protected:
    ExactBatch() { write_fashion_mnist(folder_.path(), {.train = 400, .test = 40, .side = 16}); }

    void expect_equal(const EqualityCase& equality) {
        const auto results = run_layouts(equality, folder_.path().string(), folder_.path());
        EXPECT_EQ(results[0].losses.size(), static_cast<std::size_t>(equality.steps));
        EXPECT_LT(results[0].losses.back(), results[0].losses.front()) << "nothing is learnt";
        for (const auto& result : results) {
            EXPECT_LE(result.deviation, equality.precision == "fp64" ? kTolerance64 : kTolerance32)
                << "w " << result.layout.world_size << ", m " << result.layout.micro_batch << ", "
                << result.layout.memory_format;
            EXPECT_EQ(result.samples_min, equality.batch);
            EXPECT_EQ(result.samples_max, equality.batch);
        }
        EXPECT_GT(results[1].accumulation, 1);
    }

    TemporaryFolder folder_;
};

TEST_P(ExactBatch, ANetworkWithoutBatchNorm) {
    // Its 13.6 million parameters make 50 steps too long for a test; the program exact_batch takes
    // them.
    expect_equal(equality_cases(GetParam(), 6)[0]);
}

TEST_P(ExactBatch, ANetworkWithGhostGroups) { expect_equal(equality_cases(GetParam(), 50)[1]); }

TEST_P(ExactBatch, ANetworkWithFrozenStatistics) {
    expect_equal(equality_cases(GetParam(), 50)[2]);
}

std::string precision_name(const testing::TestParamInfo<std::string>& precision) {
    return precision.param;
}

INSTANTIATE_TEST_SUITE_P(Precision, ExactBatch, testing::Values("fp64", "fp32"), precision_name);

}  // namespace
}  // namespace bw::trainer::test
