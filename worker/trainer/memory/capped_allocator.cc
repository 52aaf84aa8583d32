#include "worker/trainer/memory/capped_allocator.h"

#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include "base/bytes.h"

namespace bw::trainer {

struct CappedAllocator::Header {
    std::int64_t charged;    // 0: the host's
    std::int64_t recording;  // the number of the recording that knows the block by its id
    std::int64_t id;
};

namespace {

constexpr std::size_t kAlignment = 64;

thread_local int host_scopes = 0;
thread_local std::int64_t allocations_until_fault = -1;

bool fault_is_due() { return allocations_until_fault >= 0 && allocations_until_fault-- == 0; }

}  // namespace

CappedAllocator& CappedAllocator::get() {
    static auto* allocator = new CappedAllocator;  // tensors outlive static destruction
    return *allocator;
}

namespace {

/// By itself glibc gives large blocks back to the kernel at once, and every step faults them in
/// again: 45 of 350 ms for resnet18 at 32x32 and a batch of 128.
void keep_freed_memory() {
    constexpr int kNever = -1;
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, kNever);
    mallopt(M_TOP_PAD, 64 * 1024 * 1024);
}

}  // namespace

void CappedAllocator::install() {
    keep_freed_memory();
    constexpr std::uint8_t kOverAllOthers = 255;
    c10::SetAllocator(c10::kCPU, &get(), kOverAllOthers);
}

void CappedAllocator::set_limit(std::int64_t limit_bytes) {
    limit_.store(limit_bytes > 0 ? limit_bytes : INT64_MAX);
}

std::int64_t CappedAllocator::limit() const {
    const std::int64_t limit = limit_.load();
    return limit == INT64_MAX ? 0 : limit;
}

void CappedAllocator::reset_peak() { peak_.store(live_.load()); }

std::int64_t CappedAllocator::allocations() const { return allocations_.load(); }

std::int64_t CappedAllocator::failures() const { return failures_.load(); }

void CappedAllocator::fail_allocation(std::int64_t number) { allocations_until_fault = number; }

void CappedAllocator::raise_peak(std::int64_t live) {
    std::int64_t peak = peak_.load(std::memory_order_relaxed);
    while (live > peak && !peak_.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
}

void CappedAllocator::charge(std::int64_t bytes, std::size_t asked) {
    allocations_.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t live = live_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    const std::int64_t limit = limit_.load(std::memory_order_relaxed);
    const bool is_fault = fault_is_due();
    if (live <= limit && !is_fault) return raise_peak(live);
    live_.fetch_sub(bytes, std::memory_order_relaxed);
    failures_.fetch_add(1, std::memory_order_relaxed);
    TORCH_CHECK_WITH(
        OutOfMemoryError,
        false,
        "the device is out of memory: ",
        format_bytes(static_cast<std::int64_t>(asked)),
        " wanted, ",
        format_bytes(live - bytes),
        is_fault ? " in use (an injected fault)" : " in use of " + format_bytes(limit)
    );
}

c10::DataPtr CappedAllocator::allocate(std::size_t bytes) {
    const c10::Device device(c10::kCPU);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    const bool counts = host_scopes == 0;
    const auto charged = static_cast<std::int64_t>(bytes) + kBlockOverheadBytes;
    if (counts) charge(charged, bytes);
    void* block = nullptr;
    static_assert(sizeof(Header) <= kBlockOverheadBytes);
    if (posix_memalign(&block, kAlignment, bytes + kBlockOverheadBytes) != 0) {
        if (counts) live_.fetch_sub(charged, std::memory_order_relaxed);
        failures_.fetch_add(1, std::memory_order_relaxed);
        C10_THROW_ERROR(OutOfMemoryError, "the host is out of memory");
    }
    auto* header = new (block) Header{.charged = counts ? charged : 0, .recording = 0, .id = 0};
    if (counts && recording_.load(std::memory_order_relaxed)) record_allocation(*header, bytes);
    void* data = static_cast<char*>(block) + kBlockOverheadBytes;
    return {data, data, &release, device};
}

void CappedAllocator::release(void* data) {
    if (data == nullptr) return;
    auto& self = get();
    void* block = static_cast<char*>(data) - kBlockOverheadBytes;
    const Header header = *static_cast<Header*>(block);
    if (header.charged != 0) {
        self.live_.fetch_sub(header.charged, std::memory_order_relaxed);
        if (self.recording_.load(std::memory_order_relaxed)) self.record_release(header);
    }
    std::free(block);
}

void CappedAllocator::copy_data(void* target, const void* source, std::size_t count) const {
    default_copy_data(target, source, count);
}

void CappedAllocator::record_allocation(Header& header, std::size_t bytes) {
    const std::lock_guard lock(trace_mutex_);
    header.recording = recording_number_;
    header.id = ids_++;
    trace_.events.push_back(
        {.kind = plan::MemoryEvent::Kind::allocate,
         .id = header.id,
         .bytes = static_cast<std::int64_t>(bytes)}
    );
}

void CappedAllocator::record_release(const Header& header) {
    using Kind = plan::MemoryEvent::Kind;
    const std::lock_guard lock(trace_mutex_);
    const bool is_known = header.recording == recording_number_;
    trace_.events.push_back(
        {.kind = is_known ? Kind::release : Kind::release_older,
         .id = is_known ? header.id : 0,
         .bytes = header.charged - kBlockOverheadBytes}
    );
}

void CappedAllocator::begin_recording() {
    const std::lock_guard lock(trace_mutex_);
    ++recording_number_;
    ids_ = 0;
    trace_ = {};
    trace_.base_bytes = live_bytes();
    trace_.block_overhead_bytes = kBlockOverheadBytes;
    recording_.store(true);
}

void CappedAllocator::mark(plan::TraceSegment segment) {
    if (!recording_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(trace_mutex_);
    segment.begin = trace_.events.size();
    trace_.segments.push_back(segment);
}

plan::MemoryTrace CappedAllocator::end_recording() {
    recording_.store(false);
    const std::lock_guard lock(trace_mutex_);
    return std::exchange(trace_, {});
}

HostMemoryScope::HostMemoryScope() { ++host_scopes; }

HostMemoryScope::~HostMemoryScope() { --host_scopes; }

}  // namespace bw::trainer
