// Agents that come, come back, and go.
#include <algorithm>
#include <set>

#include "coordinator/core/handlers.h"
#include "coordinator/core/limits.h"
#include "coordinator/core/retry.h"

namespace bw::core {
namespace {

bool is_held(const std::vector<HeldRank>& held, AttemptId attempt, std::size_t rank) {
    return std::ranges::any_of(held, [&](const HeldRank& h) {
        return AttemptId{h.job, h.attempt} == attempt && h.rank == static_cast<int>(rank);
    });
}

std::set<AttemptId> attempts_on(const AgentRecord& agent) {
    std::set<AttemptId> attempts;
    for (const auto& busy : agent.busy) {
        if (busy) attempts.insert(*busy);
    }
    return attempts;
}

// Ends every rank that the state has on the agent, but for those that it holds; follow_up is the
// caller's.
std::set<JobId> end_ranks(
    Draft& draft, const AgentRecord& agent, const RankEnded& as, const std::vector<HeldRank>& held
) {
    std::set<JobId> touched;
    for (const AttemptId& id : attempts_on(agent)) {
        const std::vector<RankRecord> ranks = live_attempt(draft.view().job(id.job))->ranks;
        for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
            if (ranks[rank].ended || ranks[rank].slot.agent != agent.id || is_held(held, id, rank))
                continue;
            RankEnded ended = as;
            ended.job = id.job;
            ended.attempt = id.number;
            ended.rank = static_cast<int>(rank);
            ended.at = draft.now();
            draft.add(std::move(ended));
            touched.insert(id.job);
        }
    }
    return touched;
}

RankEnded lost_because(std::string reason) {
    RankEnded ended;
    ended.outcome = RankOutcome::lost;
    ended.reason = std::move(reason);
    return ended;
}

// What was on its way when the session broke may never have arrived; saying it twice does no harm.
void say_again(Draft& draft, const AgentRecord& agent) {
    for (const AttemptId& id : attempts_on(agent)) {
        const AttemptRecord attempt = *live_attempt(draft.view().job(id.job));
        if (!attempt.running && attempt.store_port != 0) {
            draft.add(StoreOpened{id.job, id.number, attempt.store_host, attempt.store_port});
        }
        if (attempt.stopping) {
            draft.add(AttemptStopping{
                id.job, id.number, *attempt.stopping, attempt.stop_reason, attempt.after});
        }
    }
}

void attach_again(Draft& draft, const AgentRecord& agent, const AgentHello& hello) {
    RankEnded died;
    died.outcome = RankOutcome::died;
    died.reason = "its agent came back without it";
    const std::set<JobId> touched = end_ranks(draft, agent, died, hello.held);
    for (const JobId job : touched) follow_up(draft, job);
    say_again(draft, draft.view().agents().at(agent.id));
}

}  // namespace

void on_hello(Draft& draft, const AgentHello& hello) {
    const AgentRecord* known = find_agent(draft.base(), hello.name);
    const bool is_same_life =
        known != nullptr && known->live && hello.epoch != 0 && known->epoch == hello.epoch;
    if (is_same_life && known->slots == hello.slots) return attach_again(draft, *known, hello);
    std::set<JobId> touched;
    if (known != nullptr) {
        touched =
            end_ranks(draft, *known, lost_because("agent " + known->name + " started anew"), {});
    }
    AgentJoined joined;
    joined.agent = known != nullptr ? known->id : draft.next_agent();
    joined.epoch = draft.next_agent_epoch();
    joined.name = hello.name;
    joined.host = hello.host;
    joined.slots = hello.slots;
    joined.at = draft.now();
    joined.metrics_port = hello.metrics_port;
    draft.add(std::move(joined));
    for (const JobId job : touched) follow_up(draft, job);
}

void on_gone(Draft& draft, const AgentGone& gone) {
    const auto it = draft.base().agents.find(gone.agent);
    if (it == draft.base().agents.end() || !it->second.live || it->second.epoch != gone.epoch)
        return;
    const AgentRecord& agent = it->second;
    const std::string reason = "agent " + agent.name + " is gone: " + gone.reason;
    const std::set<JobId> touched = end_ranks(draft, agent, lost_because(reason), {});
    draft.add(AgentLost{agent.id, agent.epoch, gone.reason, draft.now()});
    for (const JobId job : touched) follow_up(draft, job);
}

void settle_agents(Draft& draft) {
    const Arrivals& arrivals = draft.view().arrivals();
    if (!arrivals.settling) return;
    const auto live = std::ranges::count_if(draft.view().agents(), [](const auto& entry) {
        return entry.second.live;
    });
    const bool are_all_there = arrivals.expected > 0 && live >= arrivals.expected;
    if (are_all_there || draft.now() >= arrivals.newest_at + kAgentsSettle)
        draft.add(AgentsSettled{draft.now()});
}

std::optional<Instant> agents_settle_at(const State& state) {
    if (!state.arrivals.settling) return std::nullopt;
    return state.arrivals.newest_at + kAgentsSettle;
}

}  // namespace bw::core
