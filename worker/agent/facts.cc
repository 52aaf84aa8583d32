#include "worker/agent/facts.h"

#include <cmath>
#include <utility>

namespace bw::agent {
namespace {

template <class Message>
Message* identify(Message* message, const RankKey& key) {
    message->set_job(key.job);
    message->set_attempt(key.attempt);
    return message;
}

/// Metrics that are no numbers are left out: in an epoch without evaluation test_loss is NaN.
template <class Values>
void put(Values* values, const char* name, double value) {
    if (std::isfinite(value)) (*values)[name] = value;
}

void fill_result(proto::JobResult* result, const trainer_wire::Finished& message) {
    result->set_weights_sha256(message.weights_sha256);
    result->set_samples_per_step_min(message.samples_per_step_min);
    result->set_samples_per_step_max(message.samples_per_step_max);
    result->set_micro_batch(message.micro_batch);
    result->set_accumulation(message.accumulation);
    result->set_peak_bytes(message.peak_bytes);
    auto* metrics = result->mutable_metrics();
    put(metrics, "train_loss", message.train_loss);
    put(metrics, "test_loss", message.test_loss);
    put(metrics, "test_accuracy", message.test_accuracy);
    put(metrics, "samples_per_second", message.samples_per_second);
    for (const auto& [name, value] : message.metrics) put(metrics, name.c_str(), value);
    if (message.limit_bytes == 0) return;
    const std::pair<const char*, std::int64_t> memory[] = {
        {"predicted_peak_bytes", message.predicted_peak_bytes},
        {"limit_bytes", message.limit_bytes},
        {"oom_count", message.oom_count},
        {"probe_ooms", message.probe_ooms},
        {"probe_steps", message.probe_steps},
        {"replans", message.replans},
        {"recompute", message.recompute},
    };
    for (const auto& [name, value] : memory) put(metrics, name, static_cast<double>(value));
}

proto::Fact ended(const RankKey& key, const trainer_wire::Finished& message) {
    proto::Fact fact = ended_fact(key, Outcome::finished, "", message.step);
    if (key.rank == 0) fill_result(fact.mutable_rank_ended()->mutable_result(), message);
    return fact;
}

proto::Fact ended(const RankKey& key, const trainer_wire::Stopped& message) {
    return ended_fact(key, Outcome::stopped, "", message.step);
}

proto::Fact ended(const RankKey& key, const trainer_wire::Failed& message) {
    const bool is_refused = message.code == static_cast<int>(Errc::refused) && !message.retry;
    const Outcome outcome = is_refused ? Outcome::refused : Outcome::failed;
    proto::Fact fact = ended_fact(key, outcome, message.message, 0);
    fact.mutable_rank_ended()->set_retry(message.retry);
    return fact;
}

}  // namespace

proto::Fact fact_of(const RankKey& key, const trainer_wire::StoreOpened& message) {
    proto::Fact fact;
    auto* opened = identify(fact.mutable_store_opened(), key);
    opened->set_host(message.host);
    opened->set_port(message.port);
    return fact;
}

proto::Fact fact_of(const RankKey& key, const trainer_wire::Running& message) {
    proto::Fact fact;
    auto* running = identify(fact.mutable_attempt_running(), key);
    running->set_step(message.step);
    running->set_total_steps(message.total_steps);
    running->set_data_fingerprint(message.data_fingerprint);
    return fact;
}

proto::Fact fact_of(const RankKey& key, const trainer_wire::CheckpointDurable& message) {
    proto::Fact fact;
    auto* durable = identify(fact.mutable_checkpoint_durable(), key);
    durable->mutable_checkpoint()->set_step(message.step);
    durable->mutable_checkpoint()->set_path(message.path);
    return fact;
}

proto::Fact fact_of(const RankKey& key, const trainer_wire::EpochEnded& message) {
    proto::Fact fact;
    auto* measured = identify(fact.mutable_epoch_measured(), key);
    measured->set_epoch(message.epoch);
    measured->set_step(message.step);
    auto* values = measured->mutable_values();
    put(values, "train_loss", message.train_loss);
    put(values, "train_accuracy", message.train_accuracy);
    put(values, "test_loss", message.test_loss);
    put(values, "test_accuracy", message.test_accuracy);
    for (const auto& [name, value] : message.metrics) put(values, name.c_str(), value);
    return fact;
}

proto::Fact fact_of(const RankKey& key, const trainer_wire::Profiled& message) {
    proto::Fact fact;
    identify(fact.mutable_profile_learned(), key)->set_profile(message.profile);
    return fact;
}

proto::Progress sample_of(const RankKey& key, const trainer_wire::Progress& message) {
    proto::Progress sample;
    identify(&sample, key);
    sample.set_step(message.step);
    sample.set_total_steps(message.total_steps);
    sample.set_epoch(message.epoch);
    sample.set_loss(message.loss);
    sample.set_samples_per_second(message.samples_per_second);
    sample.set_micro_batch(message.micro_batch);
    sample.set_accumulation(message.accumulation);
    sample.set_peak_bytes(message.peak_bytes);
    sample.set_predicted_peak_bytes(message.predicted_peak_bytes);
    sample.set_limit_bytes(message.limit_bytes);
    sample.set_ooms(message.ooms);
    sample.set_replans(message.oom_replans);
    return sample;
}

proto::Fact ended_fact(const RankKey& key, const LastWord& word) {
    return std::visit([&key](const auto& message) { return ended(key, message); }, word);
}

proto::Fact ended_fact(const RankKey& key, Outcome outcome, std::string reason, std::int64_t step) {
    proto::Fact fact;
    auto* end = identify(fact.mutable_rank_ended(), key);
    end->set_rank(key.rank);
    end->set_outcome(static_cast<int>(outcome));
    end->set_retry(true);
    end->set_step(step);
    end->set_reason(std::move(reason));
    return fact;
}

}  // namespace bw::agent
