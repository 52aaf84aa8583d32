// batchwright-trainer: one rank of one attempt. Started by an agent with a socket whose number
// stands in BATCHWRIGHT_FD; says Ready, waits for Start, trains, says how it ended, exits.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/version.h"
#include "worker/trainer/attempt/channel.h"
#include "worker/trainer/attempt_run.h"
#include "worker/trainer/device.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/model_list.h"
#include "worker/trainer/profile_run.h"

namespace {

constexpr int kUsageError = 2;

int serve(int descriptor) {
    bw::trainer::AgentChannel channel(descriptor);
    const auto device = bw::trainer::open_device(std::getenv(bw::trainer_wire::kDeviceVariable));
    bw::trainer::warm_up(device);
    channel.send(bw::trainer_wire::Ready{});
    std::optional<bw::trainer_wire::ToTrainer>
        early;  // rank 0 of another host may be faster than our Start
    while (const auto message = channel.wait()) {
        if (const auto* start = std::get_if<bw::trainer_wire::Start>(&*message)) {
            if (early) channel.put_back(*early);
            return bw::trainer::run_attempt(channel, *start, device);
        }
        if (std::holds_alternative<bw::trainer_wire::Stop>(*message)) break;
        if (std::holds_alternative<bw::trainer_wire::Rendezvous>(*message)) early = message;
    }
    return EXIT_SUCCESS;  // the agent has no work for it
}

int answer(const bw::Result<std::string>& result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().message.c_str());
        return kUsageError;
    }
    std::puts(result->c_str());
    return EXIT_SUCCESS;
}

int list_models(int argc, char** argv) {
    const auto options = bw::trainer::parse_model_list_options(argc, argv);
    return answer(options ? bw::trainer::model_list_json(*options) : options.error());
}

}  // namespace

int main(int argc, char** argv) {
    bw::trainer::CappedAllocator::install();
    const std::string_view argument = argc > 1 ? argv[1] : "";
    if (argument == "--help") {
        std::puts(
            "batchwright-trainer: trains one rank of one attempt; started by a batchwright agent, "
            "never by hand"
        );
        return EXIT_SUCCESS;
    }
    if (argument == "--version") {
        std::printf("batchwright-trainer %s\n", std::string(bw::version()).c_str());
        return EXIT_SUCCESS;
    }
    if (argument == "--models") return list_models(argc, argv);
    if (argument == "--profile") return answer(bw::trainer::profile_json(argc > 2 ? argv[2] : ""));
    bw::trainer::install_signal_handlers();
    const auto descriptor = bw::trainer::AgentChannel::descriptor_from_environment();
    if (!descriptor) {
        std::fprintf(stderr, "batchwright-trainer: %s\n", descriptor.error().message.c_str());
        return kUsageError;
    }
    return serve(*descriptor);
}
