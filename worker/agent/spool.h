// The facts that the coordinator has not acknowledged yet: in memory, to be sent again after a
// reconnect, and in a file. The file belongs to one agent process: the next one starts with an
// empty spool, because with the process its trainers, its epoch and so the meaning of its facts
// have ended.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include <frames.pb.h>

#include "base/result.h"

namespace bw::agent {

class Spool {
public:
    /// Checkpoints and measurements beyond this many are dropped (an outage of days); ends of ranks
    /// never are, and there are no more of them than slots during an outage.
    static constexpr std::size_t kFactsMax = 100'000;

    /// Empties the file. Errors: io.
    static Result<Spool> open(const std::filesystem::path& file);
    Spool(Spool&& other) noexcept;
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    Spool& operator=(Spool&&) = delete;
    ~Spool();

    /// Gives the fact its sequence number and writes it. The fact stays valid until it is
    /// acknowledged. nullptr: it was dropped.
    const proto::Fact* append(proto::Fact fact);

    /// To disk. One call covers all facts appended before it.
    void sync();

    /// This fact and all before it are durable with the coordinator.
    void acknowledge(std::uint64_t sequence);

    /// The epoch has ended: the facts mean nothing any more.
    void clear();

    [[nodiscard]] const std::deque<proto::Fact>& facts() const { return facts_; }

private:
    explicit Spool(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
    std::uint64_t last_sequence_ = 0;
    std::deque<proto::Fact> facts_;
    bool synced_ = true;
};

}  // namespace bw::agent
