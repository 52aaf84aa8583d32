#include <gtest/gtest.h>

#include "worker/agent/agent.h"

namespace bw::agent {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

std::vector<SlotOptions> slots_of(
    std::string_view device, int cores, int local_rank = 0, int local_size = 1
) {
    auto slots = parse_device(device, cores, local_rank, local_size);
    EXPECT_TRUE(slots) << slots.error().message;
    return slots ? *slots : std::vector<SlotOptions>{};
}

TEST(Device, AutoGivesTwoSlotsAtLeastAndEightAtMost) {
    EXPECT_EQ(slots_of("auto", 1).size(), 2u);
    EXPECT_EQ(slots_of("auto", 2).size(), 2u);
    EXPECT_EQ(slots_of("auto", 8).size(), 4u);
    EXPECT_EQ(slots_of("auto", 128).size(), 8u);
}

TEST(Device, ThreadsAreSharedOutEvenly) {
    EXPECT_EQ(slots_of("auto", 1).front().threads, 1);
    EXPECT_EQ(slots_of("auto", 128).front().threads, 16);
    EXPECT_EQ(slots_of("cpu:3", 8).front().threads, 2);
}

TEST(Device, AgentsOfOneHostShareItsSlots) {
    EXPECT_EQ(slots_of("cpu:5", 8, 0, 2).size(), 3u);
    EXPECT_EQ(slots_of("cpu:5", 8, 1, 2).size(), 2u);
    EXPECT_EQ(slots_of("cpu:1", 8, 1, 2).size(), 0u);
    EXPECT_EQ(slots_of("auto", 2, 3, 4).size(), 1u) << "each of four agents gets one";
}

TEST(Device, LimitsOfMemory) {
    const auto same = slots_of("cpu:2x8GiB", 2);
    ASSERT_EQ(same.size(), 2u);
    EXPECT_EQ(same[1].memory_limit_bytes, 8 * kGiB);
    const auto each = slots_of("cpu:0.5GiB,1GiB", 2);
    ASSERT_EQ(each.size(), 2u);
    EXPECT_EQ(each[0].memory_limit_bytes, kGiB / 2);
    EXPECT_EQ(each[1].memory_limit_bytes, kGiB);
    EXPECT_EQ(slots_of("cpu:2", 2)[0].memory_limit_bytes, 0);
}

TEST(Device, WhatIsNotUnderstoodNamesTheForms) {
    for (const char* text :
         {"",
          "gpu",
          "cpu",
          "cpu:",
          "cpu:0",
          "cpu:-1",
          "cpu:1000",
          "cpu:2x",
          "cpu:2x0",
          "cpu:1GiB,,2GiB",
          "cpu:two"}) {
        const auto slots = parse_device(text, 2, 0, 1);
        ASSERT_FALSE(slots) << text;
        EXPECT_NE(slots.error().message.find("the forms are auto, cpu:2"), std::string::npos);
    }
}

}  // namespace
}  // namespace bw::agent
