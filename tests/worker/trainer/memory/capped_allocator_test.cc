#include "worker/trainer/memory/capped_allocator.h"

#include <thread>
#include <vector>

#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

namespace bw::trainer {
namespace {

using Kind = plan::MemoryEvent::Kind;

constexpr std::int64_t kOverhead = CappedAllocator::kBlockOverheadBytes;

at::Tensor bytes_tensor(std::int64_t bytes) { return at::empty({bytes}, at::kByte); }

class CappedAllocatorTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() { CappedAllocator::install(); }

    void TearDown() override {
        device_.set_limit(0);
        CappedAllocator::fail_allocation(-1);
    }

    CappedAllocator& device_ = CappedAllocator::get();
};

TEST_F(CappedAllocatorTest, CountsWhatIsLiveAndItsPeak) {
    const std::int64_t before = device_.live_bytes();
    device_.reset_peak();
    {
        const auto a = bytes_tensor(1000);
        const auto b = bytes_tensor(500);
        EXPECT_EQ(device_.live_bytes() - before, 1500 + 2 * kOverhead);
    }
    EXPECT_EQ(device_.live_bytes(), before);
    EXPECT_EQ(device_.peak_bytes() - before, 1500 + 2 * kOverhead);
    device_.reset_peak();
    EXPECT_EQ(device_.peak_bytes(), before);
}

TEST_F(CappedAllocatorTest, TheLimitIsHardAndExact) {
    device_.set_limit(device_.live_bytes() + 1000 + kOverhead);
    EXPECT_NO_THROW(bytes_tensor(1000));
    const std::int64_t failures = device_.failures();
    EXPECT_THROW(bytes_tensor(1001), c10::OutOfMemoryError);
    EXPECT_EQ(device_.failures(), failures + 1);
    EXPECT_NO_THROW(bytes_tensor(1000)) << "a failed allocation leaves nothing behind";
}

TEST_F(CappedAllocatorTest, ALimitBelowWhatIsLiveFailsOnlyNewAllocations) {
    auto kept = bytes_tensor(4096);
    device_.set_limit(device_.live_bytes() - 4096);
    EXPECT_THROW(bytes_tensor(1), c10::OutOfMemoryError);
    kept.reset();
    EXPECT_THROW(bytes_tensor(4096), c10::OutOfMemoryError);
    EXPECT_NO_THROW(bytes_tensor(0));
}

TEST_F(CappedAllocatorTest, TheErrorNamesTheNumbers) {
    device_.set_limit(device_.live_bytes() + 64);
    try {
        bytes_tensor(3 << 20);
        FAIL();
    } catch (const c10::OutOfMemoryError& error) {
        EXPECT_NE(std::string(error.what()).find("3.00 MiB wanted"), std::string::npos)
            << error.what();
    }
}

TEST_F(CappedAllocatorTest, HostMemoryIsNeitherLimitedNorCountedWhereverItIsReleased) {
    const std::int64_t before = device_.live_bytes();
    device_.set_limit(before + 32);
    device_.begin_recording();
    at::Tensor staged;
    {
        const HostMemoryScope host;
        staged = bytes_tensor(1 << 20);
    }
    EXPECT_EQ(device_.live_bytes(), before);
    staged.reset();
    EXPECT_EQ(device_.live_bytes(), before);
    EXPECT_TRUE(device_.end_recording().events.empty());
    EXPECT_THROW(bytes_tensor(1), c10::OutOfMemoryError) << "the scope has ended";
}

TEST_F(CappedAllocatorTest, ARecordingNamesBlocksAndTellsOlderOnesApart) {
    auto older = bytes_tensor(300);
    device_.begin_recording();
    const std::int64_t base = device_.live_bytes();
    auto a = bytes_tensor(10);
    auto b = bytes_tensor(20);
    a.reset();
    older.reset();
    const auto trace = device_.end_recording();
    b.reset();
    const std::vector<plan::MemoryEvent> expected = {
        {Kind::allocate, 0, 10},
        {Kind::allocate, 1, 20},
        {Kind::release, 0, 10},
        {Kind::release_older, 0, 300},
    };
    EXPECT_EQ(trace.events, expected);
    EXPECT_EQ(trace.base_bytes, base);
    EXPECT_EQ(plan::peak_of(trace), base + 30 + 2 * kOverhead);
}

TEST_F(CappedAllocatorTest, AnInjectedFaultHitsOneAllocationOfOneThread) {
    CappedAllocator::fail_allocation(1);
    std::thread([] { EXPECT_NO_THROW(bytes_tensor(8)); }).join();
    EXPECT_NO_THROW(bytes_tensor(8));
    EXPECT_THROW(bytes_tensor(8), c10::OutOfMemoryError);
    EXPECT_NO_THROW(bytes_tensor(8));
}

TEST_F(CappedAllocatorTest, ServesRawAllocationsAsLibrariesMakeThem) {
    auto* allocator = c10::GetCPUAllocator();
    ASSERT_EQ(allocator, &device_);
    const std::int64_t before = device_.live_bytes();
    void* data = allocator->raw_allocate(100);
    ASSERT_NE(data, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 64, 0u);
    EXPECT_EQ(device_.live_bytes() - before, 100 + kOverhead);
    allocator->raw_deallocate(data);
    EXPECT_EQ(device_.live_bytes(), before);
}

TEST_F(CappedAllocatorTest, ThreadsLeaveNothingBehind) {
    const std::int64_t before = device_.live_bytes();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < 5000; ++i) bytes_tensor(1 + (i * 37 + t) % 4096);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(device_.live_bytes(), before);
}

}  // namespace
}  // namespace bw::trainer
