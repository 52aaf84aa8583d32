// The one thing that ranks do together: sums of flat tensors, in place. Narrow, so that Gloo, NCCL
// and "no other rank" are interchangeable; the reducer decides what is summed and in which order.
#pragma once

#include <memory>
#include <string>

#include <c10/util/intrusive_ptr.h>
#include <torch/types.h>

#include "base/result.h"

namespace c10d {
class Store;
}

namespace bw::trainer {

/// One per attempt and rank, used by one thread. Every rank launches the same sequence. Dropping it
/// releases the peers that wait for this rank.
class Collective {
public:
    virtual ~Collective() = default;
    [[nodiscard]] virtual int world_size() const = 0;

    /// Starts an in-place SUM over all ranks; `flat` must live until wait(). On a GPU it is summed
    /// in the order of the current stream. Never throws: a failure shows in wait().
    virtual void launch_sum(torch::Tensor& flat) = 0;

    /// Until everything launched is done: for tensors on a GPU, until the current stream is behind
    /// it. Errors: Errc::peer_gone; the group is then unusable.
    virtual Result<void> wait() = 0;

    /// Until the sums are there in truth, also on a GPU: before anything is made durable that
    /// follows from them. Errors: as wait().
    virtual Result<void> settle() { return {}; }
};

/// World size 1: sums of one term.
std::unique_ptr<Collective> make_solo_collective();

struct GroupOptions {
    std::string host;    // the address under which the other ranks reach this one; empty: loopback
    std::string prefix;  // names the attempt and its generation in the store; never used twice
    int rank = 0;
    int world_size = 1;
};

/// First and last; 0: one that the system chooses.
struct StorePorts {
    int first = 0, last = 0;
};

/// The key-value store through which ranks find one another. Rank 0 opens it.
class RendezvousStore {
public:
    /// On the first free port. Errors: Errc::io, Errc::in_use (no port of the range is free).
    static Result<RendezvousStore> open(const std::string& host, StorePorts ports = {});
    /// Errors: Errc::peer_gone, after a minute of trying.
    static Result<RendezvousStore> join(const std::string& host, int port);

    RendezvousStore(RendezvousStore&&) noexcept;
    ~RendezvousStore();

    [[nodiscard]] int port() const;

    /// For further groups of the same ranks, under prefixes of their own.
    [[nodiscard]] c10::intrusive_ptr<c10d::Store> shared() const;

    /// Waits for all ranks. Errors: Errc::peer_gone.
    Result<std::unique_ptr<Collective>> connect(const GroupOptions& options) const;

private:
    struct Impl;
    explicit RendezvousStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::trainer
