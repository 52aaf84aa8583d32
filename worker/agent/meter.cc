#include "worker/agent/meter.h"

#include <cmath>
#include <utility>

namespace bw::agent {

namespace wire = trainer_wire;
using metrics::AttemptKey;
using metrics::JobKey;

namespace {

const char* name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::finished:
            return "finished";
        case Outcome::stopped:
            return "stopped";
        case Outcome::failed:
            return "failed";
        case Outcome::died:
            return "died";
        case Outcome::refused:
            return "refused";
    }
    return "died";
}

}  // namespace

Meter::Meter(const AgentOptions& options, Instant now)
    : options_(options), sink_({.origin = metrics::Origin::agent, .agent = options.name}) {
    metrics::describe_process(sink_, now);
    for (std::size_t slot = 0; slot < options.slots.size(); ++slot) {
        sink_.set("slot_info", 1, slot, options.slots[slot].kind);
    }
    for (const Outcome outcome :
         {Outcome::finished, Outcome::stopped, Outcome::failed, Outcome::died, Outcome::refused}) {
        sink_.add("trainer_exits_total", 0, name_of(outcome));
    }
}

Meter::Job* Meter::find(std::uint64_t job, std::uint32_t attempt) {
    const auto found = jobs_.find(job);
    const bool is_known = found != jobs_.end() && found->second.attempt == attempt;
    return is_known ? &found->second : nullptr;
}

void Meter::begin(const proto::StartRanks& order, const proto::RankOnSlot& where, Instant now) {
    Job& job = jobs_[order.job()];
    if (job.attempt != order.attempt()) {
        if (job.attempt != 0) end_attempt(job, now);
        job = {
            .key = {{order.sweep()}, order.ordinal(), {order.job()}},
            .attempt = order.attempt(),
            .ranks = {},
            .ordered_at = now,
            .resumes = !order.resume_path().empty()};
    }
    job.ranks.insert(where.rank());
    sink_.keep(metrics::Label::job, job.key.job);
    const metrics::RankKey rank{{job.key, job.attempt}, where.rank()};
    const std::string kind =
        where.slot() < options_.slots.size() ? options_.slots[where.slot()].kind : "";
    sink_.set("rank_info", 1, rank, where.slot(), kind);
    sink_.add("rank_ooms_total", 0, rank);
    if (where.rank() != 0) return;
    const AttemptKey attempt = rank.attempt;
    sink_.set(
        "train_global_batch_samples", static_cast<double>(order.plan().global_batch()), attempt
    );
    sink_.set("train_world_size", order.plan().world_size(), attempt);
    sink_.add("train_replans_total", 0, attempt, "oom");
}

void Meter::hear(const RankKey& key, const wire::FromTrainer& message, Instant now) {
    const Job* job = find(key.job, key.attempt);
    if (job == nullptr) return;
    if (const auto* running = std::get_if<wire::Running>(&message)) take(*job, key, *running, now);
    if (const auto* progress = std::get_if<wire::Progress>(&message)) take(*job, key, *progress);
    if (const auto* durable = std::get_if<wire::CheckpointDurable>(&message))
        take(*job, key, *durable);
    if (const auto* ended = std::get_if<wire::EpochEnded>(&message)) take(*job, key, *ended);
}

void Meter::take(const Job& job, const RankKey& key, const wire::Running& message, Instant now) {
    if (key.rank != 0) return;
    const AttemptKey attempt{job.key, job.attempt};
    sink_.set("train_step", static_cast<double>(message.step), attempt);
    sink_.set("train_steps_planned", static_cast<double>(message.total_steps), attempt);
    sink_.set("train_checkpoint_step", static_cast<double>(message.step), attempt);
    if (job.resumes) sink_.observe("resume_seconds", (now - job.ordered_at).seconds(), job.key);
}

void Meter::take(const Job& job, const RankKey& key, const wire::Progress& message) {
    const AttemptKey attempt{job.key, job.attempt};
    if (key.rank == 0) record_attempt(attempt, message);
    record_rank({attempt, key.rank}, message);
}

void Meter::record_attempt(const AttemptKey& attempt, const wire::Progress& message) {
    sink_.set("train_step", static_cast<double>(message.step), attempt);
    sink_.set("train_epoch", message.epoch, attempt);
    sink_.set("train_loss", message.loss, attempt);
    sink_.set("train_accuracy", message.accuracy, attempt);
    sink_.set("train_learning_rate", message.learning_rate, attempt);
    sink_.raise("train_samples_total", static_cast<double>(message.samples), attempt);
    sink_.set("train_samples_per_second", message.samples_per_second, attempt);
    sink_.raise("train_replans_total", static_cast<double>(message.oom_replans), attempt, "oom");
}

void Meter::record_rank(const metrics::RankKey& rank, const wire::Progress& message) {
    sink_.raise("rank_steps_total", static_cast<double>(message.steps), rank);
    const wire::PhaseSeconds& phases = message.phases;
    const std::pair<const char*, double> seconds[] = {
        {"data", phases.data},
        {"forward", phases.forward},
        {"backward", phases.backward},
        {"all_reduce", phases.all_reduce},
        {"optimizer", phases.optimizer},
        {"evaluation", phases.evaluation},
        {"checkpoint", phases.checkpoint},
        {"other", phases.other}};
    for (const auto& [phase, total] : seconds) {
        sink_.raise("rank_phase_seconds_total", total, rank, phase);
    }
    sink_.set("rank_micro_batch_samples", static_cast<double>(message.micro_batch), rank);
    sink_.set("rank_accumulation", static_cast<double>(message.accumulation), rank);
    sink_.raise("rank_ooms_total", static_cast<double>(message.ooms), rank);
    if (message.peak_bytes <= 0) return;  // not measured
    const auto peak = static_cast<double>(message.peak_bytes);
    sink_.set("rank_memory_peak_bytes", peak, rank);
    if (message.limit_bytes <= 0) return;
    const auto limit = static_cast<double>(message.limit_bytes);
    sink_.set("rank_memory_limit_bytes", limit, rank);
    sink_.set("rank_memory_headroom_bytes", limit - peak, rank);
    if (message.predicted_peak_bytes <= 0) return;
    const auto predicted = static_cast<double>(message.predicted_peak_bytes);
    sink_.set("rank_memory_predicted_bytes", predicted, rank);
}

void Meter::take(const Job& job, const RankKey& key, const wire::CheckpointDurable& message) {
    if (key.rank == 0) sink_.observe("checkpoint_seconds", message.seconds, job.key);
}

void Meter::take(const Job& job, const RankKey& key, const wire::EpochEnded& message) {
    if (key.rank != 0) return;
    const AttemptKey attempt{job.key, job.attempt};
    sink_.set("epoch_loss", message.train_loss, attempt, "train");
    sink_.set("epoch_accuracy", message.train_accuracy, attempt, "train");
    if (std::isnan(message.test_loss)) return;  // an epoch without evaluation
    sink_.set("epoch_loss", message.test_loss, attempt, "test");
    sink_.set("epoch_accuracy", message.test_accuracy, attempt, "test");
}

void Meter::confirm_checkpoint(const proto::ConfirmCheckpoint& order) {
    const Job* job = find(order.job(), order.attempt());
    if (job == nullptr) return;
    const AttemptKey attempt{job->key, job->attempt};
    sink_.set("train_checkpoint_step", static_cast<double>(order.step()), attempt);
}

void Meter::note(const proto::Fact& fact, Instant now) {
    if (!fact.has_rank_ended()) return;
    const proto::RankEnded& ended = fact.rank_ended();
    sink_.add("trainer_exits_total", 1, name_of(static_cast<Outcome>(ended.outcome())));
    Job* job = find(ended.job(), ended.attempt());
    if (job == nullptr) return;
    job->ranks.erase(ended.rank());
    if (!job->ranks.empty()) return;
    end_attempt(*job, now);
    jobs_.erase(ended.job());
}

void Meter::end_attempt(Job& job, Instant now) {
    sink_.retire(AttemptKey{job.key, job.attempt}, now);
    sink_.retire(metrics::Label::job, job.key.job, now);  // begin() keeps it when it comes back
}

void Meter::end_all(Instant now) {
    for (auto& [number, job] : jobs_) end_attempt(job, now);
    jobs_.clear();
}

metrics::Exposition Meter::expose(const AgentView& view, Instant now) {
    int warm = 0;
    for (std::size_t slot = 0; slot < view.slots.size(); ++slot) {
        sink_.set("slot_busy", view.slots[slot].is_busy ? 1 : 0, slot);
        warm += view.slots[slot].is_warm ? 1 : 0;
    }
    sink_.set("trainers_warm", warm);
    sink_.set("facts_spooled", static_cast<double>(view.facts_spooled));
    sink_.set("coordinator_connected", view.is_connected ? 1 : 0);
    return metrics::expose(sink_, now);
}

}  // namespace bw::agent
