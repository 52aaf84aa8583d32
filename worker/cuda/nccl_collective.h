// Sums over the GPUs of several ranks by NCCL, beside the host's group for what lies in host
// memory.
#pragma once

#include <memory>

#include <c10/core/Device.h>

#include "worker/trainer/accelerator.h"

namespace bw::cuda {

/// Meets the other ranks. NCCL_* variables are NCCL's; NCCL_SOCKET_IFNAME is set to the interface
/// of options.host unless it is given. Errors: Errc::peer_gone.
Result<std::unique_ptr<trainer::Collective>> connect_nccl(
    const c10::intrusive_ptr<c10d::Store>& store,
    const trainer::GroupOptions& options,
    c10::DeviceIndex device,
    std::unique_ptr<trainer::Collective> host
);

}  // namespace bw::cuda
