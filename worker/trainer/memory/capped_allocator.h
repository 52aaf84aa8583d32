// The memory of a virtual device: LibTorch's CPU allocator with a hard limit, so that a step that
// does not fit is a typed c10::OutOfMemoryError and never a dead machine. It counts what is live
// and its peak, and can record every allocation and release. A block is charged what it takes: its
// bytes and a header of 64.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <c10/core/Allocator.h>

#include "plan/trace.h"

namespace bw::trainer {

/// One per process, and a process is one device. Thread-safe, but for recording: one at a time.
class CappedAllocator final : public c10::Allocator {
public:
    /// Of every block beside its bytes.
    static constexpr std::int64_t kBlockOverheadBytes = 64;

    static CappedAllocator& get();

    /// Makes it LibTorch's CPU allocator, for good. First thing in main: not thread-safe.
    static void install();

    /// For allocations from now on; 0: none. May lie below what is live: then new ones fail.
    void set_limit(std::int64_t limit_bytes);

    [[nodiscard]] std::int64_t limit() const;

    [[nodiscard]] std::int64_t live_bytes() const { return live_.load(std::memory_order_relaxed); }

    [[nodiscard]] std::int64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }

    /// The peak begins again at what is live.
    void reset_peak();

    /// Allocations that were counted, and those that failed, since the process began.
    [[nodiscard]] std::int64_t allocations() const;
    [[nodiscard]] std::int64_t failures() const;

    /// From now on, until the end, every counted event. What lives before is the base.
    void begin_recording();
    plan::MemoryTrace end_recording();

    /// Here begins a part of the step; nothing unless recording.
    void mark(plan::TraceSegment segment);

    /// For tests: the calling thread's allocation with this number, from 0, fails; negative: none.
    static void fail_allocation(std::int64_t number);

    c10::DataPtr allocate(std::size_t bytes) override;

    c10::DeleterFnPtr raw_deleter() const override { return &release; }

    void copy_data(void* target, const void* source, std::size_t count) const override;

private:
    struct Header;

    static void release(void* data);
    void charge(std::int64_t bytes, std::size_t asked);
    void raise_peak(std::int64_t live);
    void record_allocation(Header& header, std::size_t bytes);
    void record_release(const Header& header);

    std::atomic<std::int64_t> live_{0}, peak_{0}, limit_{INT64_MAX};
    std::atomic<std::int64_t> allocations_{0}, failures_{0};
    std::atomic<bool> recording_{false};
    std::mutex trace_mutex_;
    plan::MemoryTrace trace_;
    std::int64_t recording_number_ = 0, ids_ = 0;
};

/// While it lives, this thread's allocations are the host's: neither limited nor counted.
class HostMemoryScope {
public:
    HostMemoryScope();
    ~HostMemoryScope();
    HostMemoryScope(const HostMemoryScope&) = delete;
    HostMemoryScope& operator=(const HostMemoryScope&) = delete;
};

}  // namespace bw::trainer
