#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/number.h"
#include "base/text.h"
#include "worker/agent/agent.h"

namespace bw::agent {
namespace {

constexpr int kSlotsMax = 256;  // of one host
constexpr int kAutoSlotsMin = 2, kAutoSlotsMax = 8;

Error not_understood(std::string_view device, const std::string& why) {
    return fail(
        Errc::invalid_input,
        "device " + quoted(device) + ": " + why +
            "; the forms are auto, cpu:2, cpu:2x8GiB (two slots of 8 GiB each) and "
            "cpu:8GiB,16GiB (one slot for each size)"
    );
}

Result<std::int64_t> limit_of(std::string_view device, std::string_view text) {
    const Result<std::int64_t> bytes = parse_bytes(text);
    if (!bytes) return not_understood(device, bytes.error().message);
    if (*bytes <= 0) return not_understood(device, "a slot needs memory");
    return bytes;
}

/// The memory limits of the host's slots; 0 for none.
Result<std::vector<std::int64_t>> limits_of(std::string_view device, std::string_view what) {
    const std::size_t times = what.find('x');
    const std::optional<int> count = parse_number<int>(what.substr(0, times));
    if (count && (*count < 1 || *count > kSlotsMax)) {
        return not_understood(device, "a host has 1 to " + std::to_string(kSlotsMax) + " slots");
    }
    if (count && times == std::string_view::npos) {
        return std::vector<std::int64_t>(static_cast<std::size_t>(*count), 0);
    }
    if (count) {
        const auto limit = limit_of(device, what.substr(times + 1));
        if (!limit) return limit.error();
        return std::vector<std::int64_t>(static_cast<std::size_t>(*count), *limit);
    }
    std::vector<std::int64_t> limits;
    while (!what.empty()) {
        const std::size_t comma = what.find(',');
        const auto limit = limit_of(device, what.substr(0, comma));
        if (!limit) return limit.error();
        limits.push_back(*limit);
        what = comma == std::string_view::npos ? std::string_view() : what.substr(comma + 1);
    }
    if (limits.size() > kSlotsMax) return not_understood(device, "too many slots");
    return limits;
}

Result<std::vector<std::int64_t>> host_limits(std::string_view device, int cores, int local_size) {
    constexpr std::string_view kCpu = "cpu:";
    if (device == "auto") {
        // More agents than slots were asked for on purpose (mpirun --oversubscribe): each gets one.
        const int count = std::max(std::clamp(cores / 2, kAutoSlotsMin, kAutoSlotsMax), local_size);
        return std::vector<std::int64_t>(static_cast<std::size_t>(count), 0);
    }
    if (!device.starts_with(kCpu)) return not_understood(device, "is none that this build knows");
    const std::string_view what = device.substr(kCpu.size());
    if (what.empty()) return not_understood(device, "says not how many slots");
    return limits_of(device, what);
}

}  // namespace

Result<std::vector<SlotOptions>> parse_device(
    std::string_view device, int cores, int local_rank, int local_size
) {
    const auto limits = host_limits(device, cores, local_size);
    if (!limits) return limits.error();
    const int host_slots = static_cast<int>(limits->size());
    std::vector<SlotOptions> slots;
    for (int i = local_rank; i < host_slots; i += local_size) {
        SlotOptions slot;
        slot.memory_limit_bytes = (*limits)[static_cast<std::size_t>(i)];
        slot.threads = std::max(1, cores / host_slots);
        slots.push_back(slot);
    }
    return slots;
}

}  // namespace bw::agent
