// GPUs as slots, from what a driver might say; no driver is asked.
#include "worker/agent/gpu_slots.h"

#include <gtest/gtest.h>

namespace bw::agent {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

std::vector<nvml::Device> two_alike() {
    return {
        {.uuid = "GPU-aa11", .name = "NVIDIA H100", .total_bytes = 80 * kGiB},
        {.uuid = "GPU-bb22", .name = "NVIDIA H100", .total_bytes = 80 * kGiB}};
}

TEST(GpuSlots, OfOneModelAreOfOneKindSoThatAGangCanHoldThem) {
    const auto slots = gpu_slots("cuda", two_alike(), 8, 0, 1);
    ASSERT_TRUE(slots) << slots.error().message;
    ASSERT_EQ(slots->size(), 2u);
    EXPECT_EQ((*slots)[0].kind, "NVIDIA H100");
    EXPECT_EQ((*slots)[1].kind, (*slots)[0].kind);
    EXPECT_EQ((*slots)[0].threads, 4);
    EXPECT_EQ((*slots)[0].memory_limit_bytes, 80 * kGiB);
}

TEST(GpuSlots, EachTrainerSeesItsOwnGpu) {
    const auto slots = gpu_slots("cuda:2x40GiB", two_alike(), 8, 1, 2);
    ASSERT_TRUE(slots) << slots.error().message;
    ASSERT_EQ(slots->size(), 1u);  // the second agent's share
    const SlotOptions& slot = slots->front();
    EXPECT_EQ(slot.memory_limit_bytes, 40 * kGiB);
    EXPECT_EQ(device_of(slot), "cuda:GPU-bb22");
    const std::vector<std::string> environment = gpu_environment(slot);
    ASSERT_EQ(environment.size(), 2u);
    EXPECT_EQ(environment[0], "CUDA_VISIBLE_DEVICES=GPU-bb22");
    EXPECT_TRUE(environment[1].ends_with("=cuda:GPU-bb22")) << environment[1];
}

TEST(GpuSlots, ACpuSlotHasNone) {
    const SlotOptions slot;
    EXPECT_EQ(device_of(slot), "cpu");
    EXPECT_TRUE(gpu_environment(slot).empty());
}

TEST(GpuSlots, OneThatIsNotThereIsNamedWithThoseThatAre) {
    const auto slots = gpu_slots("cuda:GPU-cc33", two_alike(), 8, 0, 1);
    ASSERT_FALSE(slots);
    EXPECT_EQ(slots.error().code, Errc::not_found);
    EXPECT_NE(slots.error().message.find("GPU-cc33"), std::string::npos);
    EXPECT_NE(slots.error().message.find("GPU-aa11, GPU-bb22"), std::string::npos);
}

}  // namespace
}  // namespace bw::agent
