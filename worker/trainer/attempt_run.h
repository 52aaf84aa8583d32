// The training program without its main(): what main.cc calls, free of LibTorch.
#pragma once

#include "wire/trainer/messages.h"
#include "worker/trainer/attempt/channel.h"
#include "worker/trainer/device.h"

namespace bw::trainer {

/// Loads LibTorch's parts that the first step needs: what the warm pool waits for. Touches no GPU:
/// another trainer may still own it.
void warm_up(const TrainerDevice& device);

/// One attempt of one rank, from Start to its last message (Finished, Stopped or Failed). Returns
/// the exit status: 0 after Finished and Stopped, 1 after Failed. Throws nothing.
int run_attempt(
    AgentChannel& channel, const trainer_wire::Start& start, const TrainerDevice& device
);

}  // namespace bw::trainer
