// From the driver's library, played by fake_nvml, to the slots that an agent offers.
#include "worker/cuda/nvml/nvml.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "worker/agent/gpu_slots.h"

namespace bw::agent {
namespace {

/// Variables of the environment, as they were again afterwards.
class Nvml : public testing::Test {
protected:
    Nvml() {
        ::setenv(nvml::kLibraryVariable, BW_FAKE_NVML, 1);
        TearDown();
    }

    ~Nvml() override { ::unsetenv(nvml::kLibraryVariable); }

    void TearDown() override {
        for (const char* name : {"FAKE_NVML_INIT", "FAKE_NVML_HOLDER", "CUDA_VISIBLE_DEVICES"})
            ::unsetenv(name);
    }
};

TEST_F(Nvml, TheDriversGpusBecomeSlotsByThemselves) {
    for (const char* device : {"auto", "cuda"}) {
        const auto slots = find_slots(device, 8, 0, 1);
        ASSERT_TRUE(slots) << slots.error().message;
        ASSERT_EQ(slots->size(), 2u) << device;
        EXPECT_EQ(device_of((*slots)[0]), "cuda:GPU-aa11-5eed");
        EXPECT_EQ(device_of((*slots)[1]), "cuda:GPU-bb22-5eed");
        EXPECT_EQ((*slots)[0].kind, "NVIDIA H100");
        EXPECT_EQ((*slots)[1].kind, "NVIDIA H100");
        EXPECT_EQ((*slots)[1].memory_limit_bytes, std::int64_t{80} << 30);
    }
}

TEST_F(Nvml, WhatIsHiddenFromThisProcessIsNoSlot) {
    ::setenv("CUDA_VISIBLE_DEVICES", "GPU-bb22", 1);
    const auto slots = find_slots("auto", 8, 0, 1);
    ASSERT_TRUE(slots) << slots.error().message;
    ASSERT_EQ(slots->size(), 1u);
    EXPECT_EQ(slots->front().gpu, "GPU-bb22-5eed");
}

TEST_F(Nvml, AutoTakesTheCpuWhereThereIsNoDriver) {
    ::setenv(nvml::kLibraryVariable, "/nonexistent/libnvidia-ml.so.1", 1);
    const auto slots = find_slots("auto", 8, 0, 1);
    ASSERT_TRUE(slots) << slots.error().message;
    EXPECT_EQ(slots->front().kind, "cpu");
    const auto asked = find_slots("cuda", 8, 0, 1);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, Errc::not_found);
    EXPECT_NE(asked.error().message.find("driver is not installed"), std::string::npos);
    EXPECT_NE(asked.error().message.find("/nonexistent/libnvidia-ml.so.1"), std::string::npos);
}

TEST_F(Nvml, ADriverThatDoesNotWorkIsToldInItsWords) {
    ::setenv("FAKE_NVML_INIT", "9", 1);
    const auto slots = find_slots("cuda", 8, 0, 1);
    ASSERT_FALSE(slots);
    EXPECT_EQ(slots.error().code, Errc::unsupported);
    EXPECT_NE(slots.error().message.find("Driver Not Loaded"), std::string::npos);
}

TEST_F(Nvml, MemoryIsHeldByTheTrainersThatTheDriverNamesOnTheirGpuOnly) {
    ::setenv("FAKE_NVML_HOLDER", std::to_string(::getpid()).c_str(), 1);
    GpuMemory memory;
    EXPECT_TRUE(memory.is_held("GPU-bb22-5eed", {1, ::getpid()}));
    EXPECT_FALSE(memory.is_held("GPU-bb22-5eed", {1}));
    EXPECT_FALSE(memory.is_held("GPU-aa11-5eed", {::getpid()}));
    EXPECT_FALSE(memory.is_held("GPU-cc33", {::getpid()}));
}

}  // namespace
}  // namespace bw::agent
