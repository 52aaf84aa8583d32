#include "worker/cuda/nccl_collective.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "worker/cuda/socket_interface.h"
#include "worker/trainer/torch_error.h"

namespace bw::cuda {

namespace {

using trainer::error_text;

// A peer that dies is noticed by the host's group at once; this is for a GPU that hangs. Then the
// watchdog aborts the communicator, which ends the kernels that wait in it.
constexpr std::chrono::milliseconds kCollectiveTimeout = std::chrono::minutes(10);
constexpr std::chrono::microseconds kLookInterval{100};

/// How LibTorch's group behaves when something goes wrong. It must never end the process: a rank's
/// failure is told to the agent, with its cause.
void settle_error_handling() {
    const std::string clean_up_only = std::to_string(c10d::CleanUpOnly);
    ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", clean_up_only.c_str(), 1);
    ::setenv("TORCH_NCCL_BLOCKING_WAIT", "0", 1);
    ::setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 1);
    ::setenv("TORCH_NCCL_RETHROW_CUDA_ERRORS", "0", 1);
    ::setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", 1);
    ::setenv("TORCH_NCCL_PROPAGATE_ERROR", "0", 1);
}

/// Peers are reached through the interface that the host's group uses too.
void settle_interface(const std::string& host) {
    if (std::getenv("NCCL_SOCKET_IFNAME") != nullptr) return;
    const std::string name = interface_of(host);
    // "=": this name, not all that begin like it.
    if (!name.empty()) ::setenv("NCCL_SOCKET_IFNAME", ("=" + name).c_str(), 1);
}

class NcclCollective final : public trainer::Collective {
public:
    NcclCollective(
        c10::intrusive_ptr<c10d::ProcessGroupNCCL> group, std::unique_ptr<trainer::Collective> host
    )
        : group_(std::move(group)), host_(std::move(host)) {}

    NcclCollective(const NcclCollective&) = delete;
    NcclCollective& operator=(const NcclCollective&) = delete;

    ~NcclCollective() override {
        // In good order NCCL waits for the peers that still read what this rank has sent. Where
        // sums are under way a peer, or this rank, has failed, and nobody would come.
        if (!is_idle()) {
            abort();
            return;
        }
        try {
            group_->shutdown();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "NCCL's group did not end in good order: %s\n", error.what());
        }
    }

    [[nodiscard]] int world_size() const override { return group_->getSize(); }

    void launch_sum(torch::Tensor& flat) override {
        if (!flat.is_cuda()) {
            host_->launch_sum(flat);
            return;
        }
        try {
            std::vector<torch::Tensor> one{flat};
            pending_.push_back(group_->allreduce(one));
        } catch (const std::exception& error) {
            note(error_text(error));
        }
    }

    /// The host's sums first: they tell at once when a peer is gone. The GPU's are put in front of
    /// whatever the current stream does next; the host does not wait for them, so that what became
    /// of them shows in the next step's wait.
    Result<void> wait() override {
        if (const auto met = host_->wait(); !met) {
            note(met.error().message);
            abort();
            return met.error();
        }
        take_failures();
        for (const auto& work : pending_) {
            try {
                work->synchronize();
            } catch (const std::exception& error) {
                note(error_text(error));
            }
        }
        launched_before_ = std::exchange(pending_, {});
        return verdict();
    }

    Result<void> settle() override {
        for (const auto& work : launched_before_) {
            while (!work->isCompleted()) std::this_thread::sleep_for(kLookInterval);
        }
        take_failures();
        return verdict();
    }

private:
    [[nodiscard]] bool is_idle() const {
        return failure_.empty() && pending_.empty() &&
               std::ranges::all_of(launched_before_, [](const auto& work) {
                   return work->isCompleted() && !work->exception();
               });
    }

    void note(const std::string& failure) {
        if (failure_.empty()) failure_ = failure;
    }

    void take_failures() {
        for (const auto& work : launched_before_) {
            const auto thrown = work->exception();
            if (!thrown) continue;
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& error) {
                note(error_text(error));
            }
        }
    }

    Result<void> verdict() {
        if (failure_.empty()) return {};
        abort();
        return fail(Errc::peer_gone, "another rank is gone: " + failure_);
    }

    /// Ends the kernels that wait for a peer: nothing on this device would go on else.
    void abort() {
        if (std::exchange(is_aborted_, true)) return;
        try {
            group_->abort();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "NCCL's group cannot be aborted: %s\n", error.what());
        }
    }

    c10::intrusive_ptr<c10d::ProcessGroupNCCL> group_;
    std::unique_ptr<trainer::Collective> host_;
    std::vector<c10::intrusive_ptr<c10d::Work>> pending_, launched_before_;
    std::string failure_;
    bool is_aborted_ = false;
};

}  // namespace

Result<std::unique_ptr<trainer::Collective>> connect_nccl(
    const c10::intrusive_ptr<c10d::Store>& store,
    const trainer::GroupOptions& options,
    c10::DeviceIndex device,
    std::unique_ptr<trainer::Collective> host
) {
    settle_error_handling();
    settle_interface(options.host);
    try {
        auto group_options = c10d::ProcessGroupNCCL::Options::create();
        group_options->timeout = kCollectiveTimeout;
        auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(
            c10::make_intrusive<c10d::PrefixStore>(options.prefix + "/nccl", store),
            options.rank,
            options.world_size,
            group_options
        );
        // Now, so that ranks that cannot reach one another say so before the first step.
        group->eagerConnectSingleDevice(torch::Device(c10::DeviceType::CUDA, device));
        return std::unique_ptr<trainer::Collective>(
            std::make_unique<NcclCollective>(std::move(group), std::move(host))
        );
    } catch (const std::exception& error) {
        return fail(Errc::peer_gone, "the ranks cannot be connected by NCCL: " + error_text(error));
    }
}

}  // namespace bw::cuda
