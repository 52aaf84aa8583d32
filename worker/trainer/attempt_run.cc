#include "worker/trainer/attempt_run.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "worker/trainer/same_data.h"
#include "worker/trainer/torch_error.h"
#include "worker/trainer/training_loop.h"

namespace bw::trainer {
namespace {

namespace wire = trainer_wire;

/// Whether another attempt could end otherwise.
bool is_worth_a_retry(Errc code) {
    switch (code) {
        case Errc::invalid_input:
        case Errc::not_found:
        case Errc::corrupt:
        case Errc::refused:
        case Errc::version_mismatch:
        case Errc::not_finite:
        case Errc::unsupported:
            return false;
        case Errc::success:
        case Errc::unknown:
        case Errc::already_exists:
        case Errc::in_use:
        case Errc::io:
        case Errc::out_of_memory:
        case Errc::timed_out:
        case Errc::peer_gone:
        case Errc::cancelled:
            return true;
    }
    return true;
}

/// Rank 0's answer to where the others should come; nothing when the agent wants an end or is gone.
std::optional<wire::Rendezvous> wait_for_rendezvous(AgentChannel& channel) {
    while (const auto message = channel.wait()) {
        if (const auto* rendezvous = std::get_if<wire::Rendezvous>(&*message)) return *rendezvous;
        if (std::holds_alternative<wire::Stop>(*message)) return std::nullopt;
    }
    return std::nullopt;
}

Result<std::unique_ptr<Collective>> connect(
    const RendezvousStore& store, const GroupOptions& group, Accelerator* accelerator
) {
    auto host = store.connect(group);
    if (!host || accelerator == nullptr) return host;
    return accelerator->connect(store.shared(), group, std::move(*host));
}

/// Errc::cancelled: ended before the ranks met.
Result<std::unique_ptr<Collective>> meet(
    AgentChannel& channel, const wire::Start& start, Accelerator* accelerator
) {
    if (start.plan.world_size == 1) return make_solo_collective();
    const GroupOptions group{
        .host = start.host,
        .prefix = std::to_string(start.job) + "/" + std::to_string(start.attempt) + "/0",
        .rank = start.rank,
        .world_size = start.plan.world_size};
    if (start.rank == 0) {
        auto store = RendezvousStore::open(start.host, {start.port_first, start.port_last});
        if (!store) return store.error();
        channel.send(wire::StoreOpened{
            .host = start.host.empty() ? "127.0.0.1" : start.host, .port = store->port()});
        return connect(*store, group, accelerator);
    }
    const auto rendezvous = wait_for_rendezvous(channel);
    if (!rendezvous) return fail(Errc::cancelled, "stopped before the ranks met");
    auto store = RendezvousStore::join(rendezvous->host, rendezvous->port);
    if (!store) return store.error();
    return connect(*store, group, accelerator);
}

/// What is missing here may be there on other hosts.
Error named_with_host(const Error& error, const wire::Start& start) {
    if (error.code != Errc::not_found) return error;
    return fail(error.code, "host " + name_of_host(start.host) + ": " + error.message);
}

Result<void> train(AgentChannel& channel, const wire::Start& start, const TrainerDevice& device) {
    if (auto usable = check_device(device, start.device); !usable) return usable;
    at::set_num_threads(std::max(1, start.threads));
    auto training = build_training(start, device.accelerator);
    if (!training) return named_with_host(training.error(), start);
    auto collective = meet(channel, start, device.accelerator);
    if (!collective && collective.error().code == Errc::cancelled) {
        channel.send(wire::Stopped{.step = (*training)->state.step});
        return {};
    }
    if (!collective) return collective.error();
    if (auto same =
            check_same_data(**collective, start.rank, start.host, (*training)->data_fingerprint);
        !same) {
        return same;
    }
    connect_training(**training, std::move(*collective));
    return TrainingLoop(**training, channel).run();
}

Result<void> train_guarded(
    AgentChannel& channel, const wire::Start& start, const TrainerDevice& device
) {
    try {
        return train(channel, start, device);
    } catch (const std::exception& error) {
        return fail(
            is_out_of_memory(error) ? Errc::out_of_memory : Errc::unknown, error_text(error)
        );
    }
}

}  // namespace

void warm_up(const TrainerDevice& device) {
    at::set_num_threads(1);
    // The first backward starts a thread for every GPU, which would take memory of it.
    if (device.accelerator != nullptr) return;
    at::globalContext().setBenchmarkCuDNN(false);
    const auto x = torch::ones({1, 1, 8, 8}).requires_grad_();
    (x * 2).sum().backward();
}

int run_attempt(AgentChannel& channel, const wire::Start& start, const TrainerDevice& device) {
    const auto result = train_guarded(channel, start, device);
    if (result) return 0;
    const Error& error = result.error();
    std::fprintf(stderr, "rank %d failed: %s\n", start.rank, error.message.c_str());
    channel.send(wire::Failed{
        .code = static_cast<int>(error.code),
        .message = error.message,
        .retry = is_worth_a_retry(error.code)});
    return 1;
}

}  // namespace bw::trainer
