// Every exported metric, once: docs/metrics.md, the sink, the dashboard's and the alerts' tests are
// made from these rows. To add one: a row here, a call of metrics::Sink where the value is known,
// then BW_UPDATE_GOLDEN=1 metrics_tests. Numbers that grow for ever are counters; a label whose
// values grow for ever (job, sweep, agent) needs a Sink::retire at the end of what it names.
#pragma once

#include <array>

#include "metrics/metric.h"

namespace bw::metrics {

inline constexpr Labels kOfJob{Label::sweep, Label::point, Label::job};
inline constexpr Labels kOfAttempt = kOfJob.plus({Label::attempt});
inline constexpr Labels kOfRank = kOfAttempt.plus({Label::rank});

// Seconds. What happens inside the coordinator; what waits for slots; what reads and writes files.
inline constexpr std::array kLatencyBuckets{
    1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0};
inline constexpr std::array kWaitBuckets{
    0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0};
inline constexpr std::array kFileBuckets{
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10., 30., 120., 600.};

// One row a metric reads best as a table, which the formatter would tear apart.
// clang-format off
inline constexpr auto kTable = std::to_array<Metric>({
// ---- every process
{"build_info", Type::gauge, Unit::info, Origin::both, {Label::version, Label::commit},
 "Always 1; the labels name the build."},
{"start_time_seconds", Type::gauge, Unit::seconds, Origin::both, {},
 "When the process started, since 1970-01-01 UTC."},
{"metrics_series", Type::gauge, Unit::none, Origin::both, {},
 "Series that this process exports."},
{"metrics_series_dropped_total", Type::counter, Unit::none, Origin::both, {},
 "Values not exported because the process already had its maximum of series."},

// ---- queue, jobs, sweeps
{"sweeps", Type::gauge, Unit::none, Origin::coordinator, {Label::state},
 "Sweeps known to the coordinator, by state."},
{"jobs", Type::gauge, Unit::none, Origin::coordinator, {Label::sweep, Label::state},
 "Jobs now in this state; the queue is queued + waiting_retry + paused."},
{"jobs_ended_total", Type::counter, Unit::none, Origin::coordinator, {Label::sweep, Label::state},
 "Jobs that reached this terminal state."},
{"queue_oldest_seconds", Type::gauge, Unit::seconds, Origin::coordinator, {},
 "How long the job that has waited longest could have run; 0 when none waits for slots."},
{"queue_wait_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {},
 "From the moment a job could run to the placement of its gang.", kWaitBuckets},
{"decision_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {},
 "One decision that changed something: policy, placement of what waits, bookkeeping.", kLatencyBuckets},
{"dispatch_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {},
 "From a gang's placement to a start command on its way to an agent, the journal's fsync included.", kLatencyBuckets},
{"attempt_start_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {},
 "From a gang's placement to the begin of its first optimizer step.", kFileBuckets},
{"attempts_started_total", Type::counter, Unit::none, Origin::coordinator, {Label::sweep},
 "Attempts placed."},
{"attempts_ended_total", Type::counter, Unit::none, Origin::coordinator, {Label::sweep, Label::outcome},
 "Attempts whose ranks have all ended, by the outcome that decided."},
{"job_info", Type::gauge, Unit::info, Origin::coordinator, kOfJob.plus({Label::model}),
 "Always 1, from a job's first placement on; joins a job to its model."},
{"job_attempts", Type::gauge, Unit::none, Origin::coordinator, kOfJob,
 "Attempts of this job so far."},
{"job_failures", Type::gauge, Unit::none, Origin::coordinator, kOfJob,
 "Attempts of this job that failed or died."},
{"job_state", Type::gauge, Unit::none, Origin::coordinator, kOfJob,
 "1 queued, 2 starting, 3 running, 4 preempting, 5 paused, 6 waiting_retry, 7 finished, 8 failed, 9 cancelled, 10 stopped, 11 refused."},
{"job_slots", Type::gauge, Unit::none, Origin::coordinator, kOfJob,
 "Slots that this job holds."},
{"job_queue_seconds_total", Type::counter, Unit::seconds, Origin::coordinator, kOfJob,
 "How long this job could have run and had no slots, since the coordinator started."},
{"job_dispatch_seconds", Type::gauge, Unit::seconds, Origin::coordinator, kOfJob,
 "Of the newest attempt: from its placement to its last start command, the journal's fsync included."},
{"job_start_seconds", Type::gauge, Unit::seconds, Origin::coordinator, kOfJob,
 "Of the newest attempt that trained: from its placement to the begin of its first optimizer step."},

// ---- what the devices' time went into
{"work_device_seconds_total", Type::counter, Unit::seconds, Origin::coordinator, {Label::sweep},
 "Device-seconds held by attempts, lost work included."},
{"lost_work_device_seconds_total", Type::counter, Unit::seconds, Origin::coordinator, {Label::sweep, Label::cause},
 "Device-seconds of training thrown away: the steps after the checkpoint from which the job went on."},

{"job_work_device_seconds_total", Type::counter, Unit::seconds, Origin::coordinator, kOfJob,
 "Device-seconds held by this job's attempts, lost work included."},
{"job_lost_work_device_seconds_total", Type::counter, Unit::seconds, Origin::coordinator, kOfJob.plus({Label::cause}),
 "Of these the ones thrown away; known once a later attempt runs, or the job has ended."},

// ---- agents and slots, as the coordinator sees them
{"agents_live", Type::gauge, Unit::none, Origin::coordinator, {},
 "Agents with a valid lease."},
{"agent_up", Type::gauge, Unit::none, Origin::coordinator, {Label::agent},
 "1 while the agent's lease is valid, 0 after it was lost."},
{"slots", Type::gauge, Unit::none, Origin::coordinator, {Label::agent},
 "Slots that the live agent offers."},
{"slots_busy", Type::gauge, Unit::none, Origin::coordinator, {Label::agent},
 "Slots of the live agent that hold a rank."},

// ---- the coordinator itself
{"journal_commit_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {},
 "One group commit of the journal, fsync included.", kLatencyBuckets},
{"journal_events_total", Type::counter, Unit::none, Origin::coordinator, {},
 "Events committed."},
{"journal_size_bytes", Type::gauge, Unit::bytes, Origin::coordinator, {},
 "Size of the journal's files."},
{"http_requests_total", Type::counter, Unit::none, Origin::coordinator, {Label::method, Label::route, Label::status},
 "Requests answered, those without a token that fits left out."},
{"http_request_seconds", Type::histogram, Unit::seconds, Origin::coordinator, {Label::route},
 "From a request's last byte to its reply; event streams are not counted.", kLatencyBuckets},

// ---- the agent itself
{"coordinator_connected", Type::gauge, Unit::none, Origin::agent, {},
 "1 while the session with the coordinator is up."},
{"facts_spooled", Type::gauge, Unit::none, Origin::agent, {},
 "Facts on the agent's disk that the coordinator has not acknowledged."},
{"progress_dropped_total", Type::counter, Unit::none, Origin::agent, {},
 "Progress samples that were not sent to the coordinator."},
{"trainers_warm", Type::gauge, Unit::none, Origin::agent, {},
 "Trainers that have loaded LibTorch and wait."},
{"trainer_exits_total", Type::counter, Unit::none, Origin::agent, {Label::outcome},
 "Trainer processes that ended."},
{"slot_info", Type::gauge, Unit::info, Origin::agent, {Label::slot, Label::device},
 "Always 1; joins a slot to its kind of device."},
{"slot_busy", Type::gauge, Unit::none, Origin::agent, {Label::slot},
 "1 while the slot holds a rank."},

// ---- training, per attempt (rank 0 speaks for all ranks)
{"train_step", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Optimizer steps done, those before a resume included."},
{"train_steps_planned", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Optimizer steps of the whole job."},
{"train_epoch", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Epoch in progress, from 0."},
{"train_loss", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Mean loss over the samples of the newest reported step."},
{"train_accuracy", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Share of the newest reported step's samples classified correctly (0 to 1)."},
{"train_learning_rate", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Learning rate of the newest reported step."},
{"train_samples_total", Type::counter, Unit::samples, Origin::agent, kOfAttempt,
 "Samples trained by this attempt, over all ranks."},
{"train_samples_per_second", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Samples per second over all ranks since the report before."},
{"train_global_batch_samples", Type::gauge, Unit::samples, Origin::agent, kOfAttempt,
 "Samples of one optimizer step: a property of the job, whatever the plan."},
{"train_world_size", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Ranks of the attempt."},
{"train_checkpoint_step", Type::gauge, Unit::none, Origin::agent, kOfAttempt,
 "Step of the newest accepted checkpoint; what is after it would be lost in a crash."},
{"train_replans_total", Type::counter, Unit::none, Origin::agent, kOfAttempt.plus({Label::cause}),
 "Changes of micro-batch and accumulation inside the attempt."},
{"epoch_loss", Type::gauge, Unit::none, Origin::agent, kOfAttempt.plus({Label::set}),
 "Mean loss at the end of the newest epoch that measured it."},
{"epoch_accuracy", Type::gauge, Unit::none, Origin::agent, kOfAttempt.plus({Label::set}),
 "Share of samples classified correctly (0 to 1) at the end of the newest epoch that measured it."},
{"checkpoint_seconds", Type::histogram, Unit::seconds, Origin::agent, kOfJob,
 "One checkpoint, from the step's end until it was durable and verified.", kFileBuckets},
{"resume_seconds", Type::histogram, Unit::seconds, Origin::agent, kOfJob,
 "From a rank's start command to the begin of its first step, when it resumed.", kFileBuckets},

// ---- training, per rank
{"rank_info", Type::gauge, Unit::info, Origin::agent, kOfRank.plus({Label::slot, Label::device}),
 "Always 1; joins a rank to its slot and device."},
{"rank_steps_total", Type::counter, Unit::none, Origin::agent, kOfRank,
 "Optimizer steps of this rank in this attempt."},
{"rank_phase_seconds_total", Type::counter, Unit::seconds, Origin::agent, kOfRank.plus({Label::phase}),
 "Time of this rank since the attempt runs, by phase; divide its rate by that of rank_steps_total."},
{"rank_micro_batch_samples", Type::gauge, Unit::samples, Origin::agent, kOfRank,
 "Largest micro-batch of the rank's plan."},
{"rank_accumulation", Type::gauge, Unit::none, Origin::agent, kOfRank,
 "Micro-batches per optimizer step."},
{"rank_memory_peak_bytes", Type::gauge, Unit::bytes, Origin::agent, kOfRank,
 "Most that the device's allocator has held in this attempt."},
{"rank_memory_limit_bytes", Type::gauge, Unit::bytes, Origin::agent, kOfRank,
 "Hard limit of the device's allocator."},
{"rank_memory_headroom_bytes", Type::gauge, Unit::bytes, Origin::agent, kOfRank,
 "Limit minus peak."},
{"rank_memory_predicted_bytes", Type::gauge, Unit::bytes, Origin::agent, kOfRank,
 "Peak that the plan predicted."},
{"rank_ooms_total", Type::counter, Unit::none, Origin::agent, kOfRank,
 "Steps in which this rank ran out of device memory; each was repeated with a smaller micro-batch."},
});
// clang-format on

}  // namespace bw::metrics
