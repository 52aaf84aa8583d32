#include "worker/agent/gpu_slots.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/bytes.h"
#include "base/number.h"
#include "base/text.h"
#include "wire/trainer/messages.h"

namespace bw::agent {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kGpuPrefix = "cuda:";  // before what names GPUs
constexpr std::chrono::milliseconds kLookInterval{20};

Error not_understood(std::string_view device, const std::string& why) {
    return fail(
        Errc::invalid_input,
        "device " + quoted(device) + ": " + why +
            "; the forms are cuda (all GPUs), cuda:2 (the first two), cuda:2x40GiB (with a limit "
            "below their own) and cuda:GPU-UUID,GPU-UUID"
    );
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        parts.push_back(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return parts;
}

/// The one GPU that an entry of CUDA_VISIBLE_DEVICES, or of --device, names.
const nvml::Device* find_gpu(const std::vector<nvml::Device>& gpus, std::string_view entry) {
    if (const auto position = parse_number<std::size_t>(entry))
        return *position < gpus.size() ? &gpus[*position] : nullptr;
    const nvml::Device* found = nullptr;
    for (const nvml::Device& gpu : gpus) {
        if (entry.empty() || !gpu.uuid.starts_with(entry)) continue;
        if (found != nullptr) return nullptr;  // it could be either
        found = &gpu;
    }
    return found;
}

std::string list_of(const std::vector<nvml::Device>& gpus) {
    std::string text;
    for (const nvml::Device& gpu : gpus) text += (text.empty() ? "" : ", ") + gpu.uuid;
    return text.empty() ? "none" : text;
}

struct Choice {
    std::vector<nvml::Device> gpus;
    std::int64_t limit_bytes = 0;  // 0: each its own
};

Result<Choice> choose_by_uuid(
    std::string_view device, std::string_view what, const std::vector<nvml::Device>& gpus
) {
    Choice choice;
    for (const std::string_view entry : split(what)) {
        const nvml::Device* gpu = find_gpu(gpus, entry);
        if (gpu == nullptr) {
            return fail(
                Errc::not_found,
                "device " + quoted(device) + ": this host has no GPU " + quoted(entry) +
                    "; it has " + list_of(gpus)
            );
        }
        choice.gpus.push_back(*gpu);
    }
    return choice;
}

Result<Choice> choose(std::string_view device, const std::vector<nvml::Device>& gpus) {
    if (device == "cuda") return Choice{gpus, 0};
    const std::string_view what = device.substr(kGpuPrefix.size());
    if (what.empty()) return not_understood(device, "says not which");
    if (what.starts_with("GPU-") || what.starts_with("MIG-"))
        return choose_by_uuid(device, what, gpus);
    const std::size_t times = what.find('x');
    const auto count = parse_number<std::size_t>(what.substr(0, times));
    if (!count || *count < 1) return not_understood(device, "names no number of GPUs");
    if (*count > gpus.size()) {
        return fail(
            Errc::not_found,
            "device " + quoted(device) + ": this host has " + std::to_string(gpus.size()) +
                " GPUs: " + list_of(gpus)
        );
    }
    Choice choice{{gpus.begin(), gpus.begin() + static_cast<std::ptrdiff_t>(*count)}, 0};
    if (times == std::string_view::npos) return choice;
    const Result<std::int64_t> limit = parse_bytes(what.substr(times + 1));
    if (!limit || *limit <= 0) {
        return not_understood(device, limit ? "a slot needs memory" : limit.error().message);
    }
    choice.limit_bytes = *limit;
    return choice;
}

/// The driver's GPUs as this process may use them.
Result<std::vector<nvml::Device>> host_gpus() {
    const auto driver = nvml::Library::open();
    if (!driver) return driver.error();
    auto gpus = driver->devices();
    if (!gpus) return gpus.error();
    return visible_gpus(std::move(*gpus), std::getenv("CUDA_VISIBLE_DEVICES"));
}

}  // namespace

std::string device_of(const SlotOptions& slot) {
    return slot.gpu.empty() ? "cpu" : std::string(kGpuPrefix) + slot.gpu;
}

std::vector<nvml::Device> visible_gpus(std::vector<nvml::Device> gpus, const char* visible) {
    if (visible == nullptr) return gpus;
    std::vector<nvml::Device> seen;
    for (const std::string_view entry : split(visible)) {
        const nvml::Device* gpu = find_gpu(gpus, entry);
        if (gpu == nullptr) break;
        seen.push_back(*gpu);
    }
    return seen;
}

Result<std::vector<SlotOptions>> gpu_slots(
    std::string_view device,
    const std::vector<nvml::Device>& gpus,
    int cores,
    int local_rank,
    int local_size
) {
    const auto choice = choose(device, gpus);
    if (!choice) return choice.error();
    const int host_slots = static_cast<int>(choice->gpus.size());
    if (host_slots < local_size) {
        return fail(
            Errc::not_found,
            "device " + quoted(device) + ": " + std::to_string(local_size) +
                " agents of this host share " + std::to_string(host_slots) +
                " GPUs: start one agent for each GPU at most"
        );
    }
    std::vector<SlotOptions> slots;
    for (int i = local_rank; i < host_slots; i += local_size) {
        const nvml::Device& gpu = choice->gpus[static_cast<std::size_t>(i)];
        SlotOptions slot;
        slot.kind = gpu.name;
        slot.gpu = gpu.uuid;
        slot.memory_limit_bytes = choice->limit_bytes > 0
                                      ? std::min(choice->limit_bytes, gpu.total_bytes)
                                      : gpu.total_bytes;
        slot.threads = std::max(1, cores / host_slots);
        slots.push_back(slot);
    }
    return slots;
}

Result<std::vector<SlotOptions>> find_slots(
    std::string_view device, int cores, int local_rank, int local_size
) {
    const bool is_automatic = device == "auto";
    const bool wants_gpus = device == "cuda" || device.starts_with(kGpuPrefix);
    if (!is_automatic && !wants_gpus) return parse_device(device, cores, local_rank, local_size);
    const auto gpus = host_gpus();
    if (!gpus && wants_gpus) {
        return fail(gpus.error().code, "device " + quoted(device) + ": " + gpus.error().message);
    }
    if (!gpus && gpus.error().code != Errc::not_found) {
        std::fprintf(
            stderr, "batchwright worker: uses the CPU: %s\n", gpus.error().message.c_str()
        );
    }
    if (wants_gpus) return gpu_slots(device, *gpus, cores, local_rank, local_size);
    if (!gpus || gpus->empty()) return parse_device(device, cores, local_rank, local_size);
    return gpu_slots("cuda", *gpus, cores, local_rank, local_size);
}

std::vector<std::string> gpu_environment(const SlotOptions& slot) {
    if (slot.gpu.empty()) return {};
    return {
        "CUDA_VISIBLE_DEVICES=" + slot.gpu,
        std::string(trainer_wire::kDeviceVariable) + "=" + device_of(slot)};
}

bool GpuMemory::is_held(const std::string& gpu, const std::vector<pid_t>& by) {
    if (!std::exchange(is_tried_, true)) {
        if (auto driver = nvml::Library::open())
            driver_ = std::make_unique<nvml::Library>(std::move(*driver));
    }
    if (driver_ == nullptr) return false;
    const auto holders = driver_->processes_on(gpu);
    return holders && std::ranges::any_of(*holders, [&by](pid_t pid) {
               return std::ranges::find(by, pid) != by.end();
           });
}

asio::awaitable<void> await_gpu_memory(
    const std::vector<SlotOptions>& slots, std::vector<pid_t> by, Duration patience
) {
    GpuMemory memory;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience.ns);
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    for (const SlotOptions& slot : slots) {
        while (!slot.gpu.empty() && memory.is_held(slot.gpu, by)) {
            if (std::chrono::steady_clock::now() > deadline) {
                std::fprintf(
                    stderr,
                    "batchwright agent: %s: an earlier trainer's memory is not back\n",
                    slot.gpu.c_str()
                );
                break;
            }
            timer.expires_after(kLookInterval);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
}

}  // namespace bw::agent
