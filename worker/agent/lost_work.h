// What a job lost when its attempts ended: the steps that they had made beyond the checkpoint from
// which it goes on, read from the curves that their ranks 0 wrote (curve.csv beside the
// checkpoints). Blocks for a read of the files' ends.
#pragma once

#include <cstdint>
#include <filesystem>

#include <events.pb.h>

namespace bw::agent {

/// Adds to the fact what the attempts from number `account_from` on, before the fact's own, made
/// beyond its step; nothing when `account_from` is 0. `attempt_dir` is the fact's own attempt's:
/// the others lie beside it. An attempt without a curve, or with one that cannot be read, is left
/// out: a program that is not ours need not write one.
void add_lost_work(
    proto::AttemptRunning& fact,
    const std::filesystem::path& attempt_dir,
    std::uint32_t account_from
);

}  // namespace bw::agent
