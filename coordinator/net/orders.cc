#include "coordinator/net/orders.h"

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "coordinator/journal/event_codec.h"

namespace bw::net {
namespace {

template <class Effect, class Message>
void identify(const Effect& effect, Message* message) {
    message->set_job(effect.job.value);
    message->set_attempt(effect.attempt);
}

void fill(proto::Frame& frame, const core::StartRanks& effect, const AttemptDir& attempt_dir) {
    proto::StartRanks* start = frame.mutable_start_ranks();
    identify(effect, start);
    for (const auto& [rank, slot] : effect.ranks) {
        proto::RankOnSlot* where = start->add_ranks();
        where->set_rank(rank);
        where->set_slot(slot);
    }
    start->set_params_json(effect.params_json);
    *start->mutable_plan() = codec::to_proto(effect.plan);
    start->set_bn(effect.bn);
    start->set_checkpoint_steps(effect.checkpoint_steps);
    start->set_memory_limit_bytes(effect.memory_limit_bytes);
    start->set_asked_micro_batch(effect.asked_micro_batch);
    start->set_resume_path(effect.resume_path);
    start->set_resume_step(effect.resume_step);
    start->set_program_json(effect.program_json);
    start->set_attempt_dir(attempt_dir(effect).string());
    start->set_account_from(effect.account_from);
    start->set_sweep(effect.sweep.value);
    start->set_ordinal(effect.ordinal);
}

void fill(proto::Frame& frame, const core::SendRendezvous& effect, const AttemptDir&) {
    proto::Rendezvous* where = frame.mutable_rendezvous();
    identify(effect, where);
    where->set_host(effect.host);
    where->set_port(effect.port);
}

void fill(proto::Frame& frame, const core::StopRanks& effect, const AttemptDir&) {
    proto::StopRanks* stop = frame.mutable_stop_ranks();
    identify(effect, stop);
    stop->set_kind(static_cast<int>(effect.kind));
}

void fill(proto::Frame& frame, const core::ConfirmCheckpoint& effect, const AttemptDir&) {
    proto::ConfirmCheckpoint* confirm = frame.mutable_confirm_checkpoint();
    identify(effect, confirm);
    confirm->set_step(effect.step);
}

std::optional<Order> order(const core::AnnounceSweepEnded&, const AttemptDir&) {
    return std::nullopt;
}

std::optional<Order> order(const core::WithdrawResults&, const AttemptDir&) { return std::nullopt; }

template <class Effect>
std::optional<Order> order(const Effect& effect, const AttemptDir& attempt_dir) {
    Order made{effect.agent, effect.epoch, {}};
    fill(made.frame, effect, attempt_dir);
    return made;
}

}  // namespace

std::optional<Order> order_of(const core::Effect& effect, const AttemptDir& attempt_dir) {
    return std::visit([&](const auto& e) { return order(e, attempt_dir); }, effect);
}

core::AgentHello hello_of(const proto::Hello& hello) {
    core::AgentHello input;
    input.name = hello.agent_name();
    input.host = hello.host();
    input.epoch = hello.epoch();
    input.metrics_port = hello.metrics_port();
    for (const proto::SlotInfo& slot : hello.slots())
        input.slots.push_back(codec::from_proto(slot));
    for (const proto::HeldRank& held : hello.held()) {
        input.held.push_back({{held.job()}, held.attempt(), held.rank()});
    }
    return input;
}

Result<core::AgentReport> report_of(const proto::Fact& fact, AgentId agent, std::uint64_t epoch) {
    core::AgentReport report;
    report.agent = agent;
    report.epoch = epoch;
    switch (fact.kind_case()) {
        case proto::Fact::kStoreOpened:
            report.fact = codec::from_proto(fact.store_opened());
            return report;
        case proto::Fact::kAttemptRunning:
            report.fact = codec::from_proto(fact.attempt_running());
            return report;
        case proto::Fact::kCheckpointDurable:
            report.fact = codec::from_proto(fact.checkpoint_durable());
            return report;
        case proto::Fact::kEpochMeasured:
            report.fact = codec::from_proto(fact.epoch_measured());
            return report;
        case proto::Fact::kProfileLearned:
            report.fact = codec::from_proto(fact.profile_learned());
            return report;
        case proto::Fact::kRankEnded: {
            auto ended = codec::from_proto(fact.rank_ended());
            if (!ended) return ended.error();
            report.fact = std::move(*ended);
            return report;
        }
        case proto::Fact::KIND_NOT_SET:
            break;
    }
    return fail(Errc::corrupt, "a fact of a kind that this release does not know");
}

std::string refusal_of(const proto::Hello& hello, const std::string& token) {
    if (hello.protocol_version() != kWireProtocolVersion) {
        return "the agent speaks protocol version " + std::to_string(hello.protocol_version()) +
               ", the coordinator version " + std::to_string(kWireProtocolVersion) +
               ": start both from the same build";
    }
    if (hello.build_id() != commit()) {
        return "the agent is of build " + hello.build_id() + ", the coordinator of build " +
               std::string(commit()) + ": start both from the same build";
    }
    if (hello.token() != token) return "the agent's token is not the coordinator's";
    if (hello.agent_name().empty()) return "the agent has no name";
    return "";
}

bool is_overtaken(const core::State& state, const Order& order) {
    if (!order.frame.has_start_ranks()) return false;
    const proto::StartRanks& start = order.frame.start_ranks();
    const auto job = state.jobs.find(JobId{start.job()});
    if (job == state.jobs.end()) return true;
    const core::AttemptRecord* attempt = core::live_attempt(job->second);
    if (attempt == nullptr || attempt->number != start.attempt()) return true;
    return std::ranges::any_of(start.ranks(), [&](const proto::RankOnSlot& rank) {
        return attempt->ranks.at(static_cast<std::size_t>(rank.rank())).ended;
    });
}

}  // namespace bw::net
