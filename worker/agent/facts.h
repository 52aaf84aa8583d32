// What a trainer says, as the facts and samples that the coordinator is told. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include <frames.pb.h>

#include "wire/trainer/messages.h"

namespace bw::agent {

/// Whose messages these are.
struct RankKey {
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    int rank = 0;
    friend bool operator==(const RankKey&, const RankKey&) = default;
};

/// The numbers of bw::core::RankOutcome, which this side may not include; a test holds them equal.
enum class Outcome : int { finished = 1, stopped = 2, failed = 3, died = 4, refused = 6 };

/// The numbers of bw::core::StopKind.
enum class StopOrder : int { preempt = 1, cancel = 2, kill = 3 };

/// A rank's last message: after it only the end of the process is awaited.
using LastWord = std::variant<trainer_wire::Finished, trainer_wire::Stopped, trainer_wire::Failed>;

proto::Fact fact_of(const RankKey& key, const trainer_wire::StoreOpened& message);
proto::Fact fact_of(const RankKey& key, const trainer_wire::Running& message);
proto::Fact fact_of(const RankKey& key, const trainer_wire::CheckpointDurable& message);
proto::Fact fact_of(const RankKey& key, const trainer_wire::EpochEnded& message);
proto::Fact fact_of(const RankKey& key, const trainer_wire::Profiled& message);
proto::Progress sample_of(const RankKey& key, const trainer_wire::Progress& message);

proto::Fact ended_fact(const RankKey& key, const LastWord& word);
/// Without a last word, or without ever having begun.
proto::Fact ended_fact(const RankKey& key, Outcome outcome, std::string reason, std::int64_t step);

}  // namespace bw::agent
