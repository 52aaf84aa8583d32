// The part for GPUs, opened by a real trainer as on a host with a GPU. Here is no GPU, or none that
// the trainer may see: it says so, names the cause, and the point is not tried again.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/gang_fixture.h"
#include "worker/trainer/device.h"

namespace bw::trainer::test {
namespace {

namespace wire = trainer_wire;

constexpr const char* kGpu = "cuda:GPU-8f6d9a3e-0000-0000-0000-000000000000";

class CudaPart : public testing::Test {
protected:
    CudaPart() {
        write_fashion_mnist(folder_.path(), {.train = 40, .test = 20, .side = 12});
        ::setenv(wire::kDeviceVariable, kGpu, 1);
        ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
    }

    ~CudaPart() override {
        for (const char* name : {wire::kDeviceVariable, "CUDA_VISIBLE_DEVICES", kCudaPartVariable})
            ::unsetenv(name);
    }

    wire::Failed failure() {
        GangOptions options;
        options.params = {
            {"model", "cnn"}, {"num_epochs", 1}, {"learning_rate", 0.01}, {"batch_size", 20}};
        options.global_batch = 20;
        options.attempt_dir = folder_.path() / "attempt";
        options.data_path = folder_.path().string();
        options.device = kGpu;
        const auto ends = Gang(options).run();
        EXPECT_EQ(ends[0].exit_status, 1);
        const auto* failed = ends[0].find<wire::Failed>();
        EXPECT_NE(failed, nullptr);
        if (failed == nullptr) return {};
        EXPECT_EQ(failed->code, static_cast<int>(Errc::unsupported)) << failed->message;
        EXPECT_FALSE(failed->retry);
        return *failed;
    }

    TemporaryFolder folder_;
};

TEST_F(CudaPart, IsOpenedAndSaysWhyThereIsNoGpu) {
#ifndef BW_HAS_CUDA_PART
    GTEST_SKIP() << "built without libbatchwright_cuda.so: NVIDIA's wheels or headers are missing";
#endif
    const std::string said = failure().message;
    EXPECT_EQ(said.find("cannot be opened"), std::string::npos) << said;
    EXPECT_NE(said.find("no GPU can be used: "), std::string::npos) << said;
}

TEST_F(CudaPart, ThatIsMissingIsNamedWithItsPlace) {
    ::setenv(kCudaPartVariable, "/nonexistent/part.so", 1);
    const std::string said = failure().message;
    EXPECT_NE(said.find("libbatchwright_cuda.so cannot be opened"), std::string::npos) << said;
    EXPECT_NE(said.find("/nonexistent/part.so"), std::string::npos) << said;
}

TEST_F(CudaPart, OfAnotherBuildIsRefusedWithBothNamed) {
    ::setenv(kCudaPartVariable, BW_OTHER_CUDA_PART, 1);
    const std::string said = failure().message;
    EXPECT_NE(said.find("is of another build: it is c0ffee with LibTorch 1.13"), std::string::npos)
        << said;
}

TEST_F(CudaPart, ATrainerOfOneDeviceDoesNotTrainOnAnother) {
    ::unsetenv(wire::kDeviceVariable);
    const std::string said = failure().message;
    EXPECT_NE(said.find("was started for \"cpu\""), std::string::npos) << said;
}

}  // namespace
}  // namespace bw::trainer::test
