// The trainers of all agents: processes that start, meet, step together, checkpoint, finish, crash
// and hang.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/effect.h"
#include "coordinator/core/input.h"
#include "coordinator/sim/world.h"

namespace bw::sim {

/// One device: the number of its agent in the simulation, and its slot.
struct Device {
    std::size_t agent = 0;
    std::uint32_t slot = 0;
    friend auto operator<=>(const Device&, const Device&) = default;
};

struct Trainer {
    AttemptId attempt;
    int rank = 0;
    int world_size = 1;
    std::uint64_t ordinal = 0;
    std::string params_json;
    std::int64_t step = 0;  // as resumed
    std::int64_t ready_at = 0;
    bool has_rendezvous = false;
    std::optional<std::int64_t> fails_at;  // it noticed that a peer is gone
    std::optional<core::StopKind> told;    // to stop at a step
    std::int64_t killed_at = 0;            // 0: not; else when its grace is over
    std::uint32_t account_from = 0;
};

/// The deterministic outcome of a job: what an undisturbed run would give.
std::string weights_of(const std::string& params_json, std::int64_t step);

/// A third of all jobs are short, others longer; some fail whatever one does.
std::int64_t total_steps_of(std::uint64_t ordinal);
/// The test loss that is measured there: points differ, and their order stays the same.
double loss_of(std::uint64_t ordinal, std::int64_t step);

bool is_poisoned(std::uint64_t ordinal);

class Trainers {
public:
    using Say =
        std::function<void(std::size_t agent, const decltype(core::AgentReport::fact)& fact)>;

    Trainers(World& world, Say say) : world_(world), say_(std::move(say)) {}

    void start(std::size_t agent, const core::StartRanks& order);
    void rendezvous(std::size_t agent, AttemptId attempt);
    void confirm(std::size_t agent, const core::ConfirmCheckpoint& order);

    /// An order, or an agent that leaves on its own: `kill` ends an attempt's ranks on that agent
    /// with a word of it; else they agree with their peers on a step.
    void stop(std::size_t agent, AttemptId attempt, core::StopKind kind);
    void preempt_all(std::size_t agent);
    void kill_all(std::size_t agent);

    /// The process of a random rank dies. False when none runs.
    bool kill_one();

    /// Everything on an agent is gone, without a word.
    void drop_all(std::size_t agent);

    [[nodiscard]] std::vector<core::HeldRank> held_by(std::size_t agent) const;

    /// What every attempt did, whoever heard of it, and how much of that had been read when it was
    /// accounted for.
    struct Curve {
        std::int64_t first = 0, last = 0;  // steps: resumed at, made
        std::int64_t read = 0;             // `last` then; 0: never
    };

    [[nodiscard]] const std::map<AttemptId, Curve>& curves() const { return curves_; }

    void advance();

private:
    using Gang = std::vector<std::map<Device, Trainer>::iterator>;

    void advance_gang(AttemptId id, const Gang& gang);
    void lose_peers(const Gang& gang);
    void kill_after_grace(const Gang& gang);
    [[nodiscard]] static std::optional<core::StopKind> verdict(const Gang& gang);
    void stop_at_step(AttemptId id, const Gang& gang, core::StopKind kind);
    void kill(std::size_t agent, AttemptId attempt);
    std::vector<core::LostWork> lost_before(AttemptId id, const Trainer& trainer);
    void train(AttemptId id, const Gang& gang, std::optional<core::StopKind> stops);
    void finish(AttemptId id, const Gang& gang, std::int64_t step);
    void checkpoint(AttemptId id, std::int64_t step, std::size_t agent);
    void end(Device device, core::RankOutcome outcome, const std::string& reason);
    void end(Device device, core::RankEnded fact);

    World& world_;
    Say say_;
    std::map<Device, Trainer> running_;
    std::map<AttemptId, std::int64_t> steps_;  // of attempts that train
    std::map<AttemptId, Curve> curves_;
};

}  // namespace bw::sim
