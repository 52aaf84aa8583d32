// The invariants of State (ARCHITECTURE.md numbers them): tests and the simulator check all of them
// after every event.
#include <algorithm>
#include <set>

#include "coordinator/core/core.h"

namespace bw::core {
namespace {

class Check {
public:
    explicit Check(const State& state) : state_(state) {}

    std::vector<std::string> run() {
        for (const auto& [id, sweep] : state_.sweeps) check_sweep(id, sweep);
        for (const auto& [id, job] : state_.jobs) check_job(id, job);
        for (const auto& [id, agent] : state_.agents) check_agent(id, agent);
        check_indexes();
        return std::move(broken_);
    }

private:
    struct Subject {
        const char* kind;
        std::uint64_t id;
    };

    void require(bool holds, Subject subject, const char* sentence) {
        if (holds) return;
        broken_.push_back(
            std::string(subject.kind) + " " + std::to_string(subject.id) + ": " + sentence
        );
    }

    void check_sweep(SweepId id, const SweepRecord& sweep) {
        const Subject subject{"sweep", id.value};
        require(sweep.id == id, subject, "its record carries its own id");
        require(sweep.sweep != nullptr, subject, "its text is parsed");
        require(state_.open.contains(id) == !sweep.ended, subject, "it is open until it has ended");
        require(
            !sweep.ended || sweep.exhausted || sweep.cancelled,
            subject,
            "it ends only when there are no more points"
        );
        LostTime lost;
        std::optional<std::uint64_t> last;
        for (const JobId job : sweep.jobs) {
            const auto it = state_.jobs.find(job);
            require(
                it != state_.jobs.end() && it->second.sweep == id,
                subject,
                "its jobs are there and its own"
            );
            if (it == state_.jobs.end()) continue;
            require(!last || *last < it->second.ordinal, subject, "ordinals grow along its jobs");
            last = it->second.ordinal;
            require(
                !sweep.ended || is_terminal(it->second.state),
                subject,
                "it ends only when all its jobs have"
            );
            for (const auto& [cause, time] : it->second.lost) lost[cause].ns += time.ns;
        }
        require(lost == sweep.lost, subject, "its lost work is that of its jobs");
    }

    void check_job(JobId id, const JobRecord& job) {
        const Subject subject{"job", id.value};
        const AttemptRecord* live = live_attempt(job);
        require(
            job.id == id && state_.sweeps.contains(job.sweep),
            subject,
            "its record names itself and its sweep"
        );
        require(
            state_.unfinished.contains(id) == !is_terminal(job.state),
            subject,
            "it is unfinished until it ends"
        );
        require(
            !is_terminal(job.state) || !job.reason.empty(), subject, "a terminal state has a reason"
        );
        const bool is_placed = job.state == JobState::starting || job.state == JobState::running ||
                               job.state == JobState::preempting;
        require(
            is_placed == (live != nullptr),
            subject,
            "it has a live attempt exactly while it is placed"
        );
        require(
            job.state != JobState::running || (live != nullptr && live->running),
            subject,
            "it runs when its attempt does"
        );
        require(
            job.state != JobState::preempting || (live != nullptr && live->stopping),
            subject,
            "it is preempting while its attempt is told to stop"
        );
        require(
            !job.held || job.state == JobState::paused,
            subject,
            "it is held at a rung only while it is paused"
        );
        std::int64_t resumed = -1;
        for (std::size_t i = 0; i < job.attempts.size(); ++i) {
            const AttemptRecord& attempt = job.attempts[i];
            require(attempt.number == i + 1, subject, "attempts are numbered without gaps");
            require(
                attempt.ended || i + 1 == job.attempts.size(),
                subject,
                "only the newest attempt is live"
            );
            const std::int64_t step = attempt.resume ? attempt.resume->step : -1;
            require(resumed <= step, subject, "attempts resume from ever newer checkpoints");
            resumed = step;
            check_gang(subject, attempt);
        }
        require(
            resumed <= (job.checkpoint ? job.checkpoint->step : -1),
            subject,
            "its checkpoint is the newest"
        );
        if (live != nullptr) check_reservations({id, live->number}, *live);
    }

    void check_gang(Subject subject, const AttemptRecord& attempt) {
        std::set<SlotRef> slots;
        for (const RankRecord& rank : attempt.ranks) slots.insert(rank.slot);
        require(
            std::ssize(attempt.ranks) == attempt.plan.world_size,
            subject,
            "a gang has all its ranks"
        );
        require(
            slots.size() == attempt.ranks.size(),
            subject,
            "each rank of a gang has a slot of its own"
        );
        const bool all_ended = std::ranges::all_of(attempt.ranks, &RankRecord::ended);
        require(!attempt.ended || all_ended, subject, "an attempt ends after its last rank");
    }

    void check_reservations(AttemptId id, const AttemptRecord& attempt) {
        const Subject subject{"job", id.job.value};
        for (const RankRecord& rank : attempt.ranks) {
            if (rank.ended) continue;
            const auto agent = state_.agents.find(rank.slot.agent);
            const bool is_live = agent != state_.agents.end() && agent->second.live;
            require(is_live, subject, "its ranks run on live agents");
            const bool holds_it = is_live && rank.slot.slot < agent->second.busy.size() &&
                                  agent->second.busy[rank.slot.slot] == id;
            require(holds_it, subject, "each of its running ranks holds its slot");
            require(
                !is_live || !agent->second.draining || attempt.stopping,
                subject,
                "on a draining agent it is told to stop"
            );
        }
    }

    // Together with check_reservations: a slot is busy exactly with one running rank.
    void check_agent(AgentId id, const AgentRecord& agent) {
        const Subject subject{"agent", id.value};
        require(
            agent.id == id && agent.epoch != 0,
            subject,
            "its record carries its own id and an epoch"
        );
        require(agent.epoch <= state_.agent_epochs_last, subject, "its epoch was given out");
        require(agent.busy.size() == agent.slots.size(), subject, "each slot is free or busy");
        for (std::size_t slot = 0; slot < agent.busy.size(); ++slot) {
            if (!agent.busy[slot]) continue;
            require(agent.live, subject, "an agent that is gone holds nothing");
            const SlotRef ref{id, static_cast<std::uint32_t>(slot)};
            require(
                is_running_there(*agent.busy[slot], ref),
                subject,
                "a busy slot holds a running rank"
            );
        }
    }

    [[nodiscard]] bool is_running_there(AttemptId id, SlotRef slot) const {
        const auto job = state_.jobs.find(id.job);
        const AttemptRecord* attempt =
            job == state_.jobs.end() ? nullptr : live_attempt(job->second);
        if (attempt == nullptr || attempt->number != id.number) return false;
        return std::ranges::count_if(attempt->ranks, [&](const RankRecord& rank) {
                   return !rank.ended && rank.slot == slot;
               }) == 1;
    }

    void check_indexes() {
        for (const JobId id : state_.unfinished) {
            require(
                state_.jobs.contains(id), {"index entry", id.value}, "every unfinished job is there"
            );
        }
        for (const SweepId id : state_.open) {
            require(
                state_.sweeps.contains(id), {"index entry", id.value}, "every open sweep is there"
            );
        }
        std::set<std::uint64_t> epochs;
        for (const auto& [id, agent] : state_.agents) epochs.insert(agent.epoch);
        require(
            epochs.size() == state_.agents.size(), {"state", 0}, "no two agents have one epoch"
        );
    }

    const State& state_;
    std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_invariants(const State& state) { return Check(state).run(); }

}  // namespace bw::core
