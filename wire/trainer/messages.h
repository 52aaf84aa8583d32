// The protocol between an agent and any program that trains, built-in or external: JSON objects,
// one a line, at most 64 KiB, both ways over one inherited socket whose number stands in
// BATCHWRIGHT_FD. NaN and infinities are the strings "nan", "inf", "-inf". Unknown keys and unknown
// types are ignored, so that either side may be newer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/trainer/values.h"

namespace bw::trainer_wire {

inline constexpr std::size_t kLineBytesMax = 64 * 1024;
inline constexpr const char* kDescriptorVariable = "BATCHWRIGHT_FD";
/// The device of every Start that the process will get, where it is not the CPU: "cuda:UUID".
inline constexpr const char* kDeviceVariable = "BATCHWRIGHT_DEVICE";

// ---- agent -> trainer
// ----------------------------------------------------------------------------------------

struct PlanFields {
    std::int64_t global_batch = 0, group = 0, micro_batch = 0;
    int world_size = 1;
};

/// Everything a rank needs to run one attempt.
struct Start {
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    int rank = 0;
    std::string
        params_json;  // the point's complete parameters (sweeps/training.h), as a JSON object
    PlanFields plan;
    std::string bn = "ghost";           // ghost | micro_batch | frozen
    std::string device = "cpu";         // cpu | cuda:UUID
    int threads = 1;                    // intra-op threads of this rank
    std::int64_t checkpoint_steps = 0;  // 0: at the end of every epoch
    std::string attempt_dir;            // .../JOB/ATTEMPT: checkpoints, curve.csv
    std::string resume_from;            // a checkpoint's path; empty: from the beginning
    std::string data_path;              // search path for data sets, ":" between the folders
    std::string cache_dir;              // decoded data sets
    std::string host;                   // the address under which the other ranks reach this one
    int port_first = 0, port_last = 0;  // where rank 0's store may listen; 0: any port
    std::int64_t memory_limit_bytes =
        0;  // of this rank's device; 0: none, and plan.micro_batch holds
    std::int64_t asked_micro_batch = 0;  // under a limit; 0: the trainer chooses
    std::string profiles_dir;  // what earlier jobs learnt of memory; empty: nothing is kept
    // Of a program of the user's own (worker/program); the built-in trainer reads none of it.
    std::string program_json;      // {"program": text, "command": list or null}; empty: built-in
    std::int64_t resume_step = 0;  // of resume_from
    int local_rank = 0, local_world_size = 1;  // among the gang's ranks of this agent
    std::string gpus;                          // of these ranks, "GPU-..,GPU-.."; empty: none
    std::int64_t grace_ms = 0;                 // from Stop until the agent kills
};

/// Where rank 0's store listens; sent to every rank but 0.
struct Rendezvous {
    std::string host;
    int port = 0;
};

enum class StopMode {
    preempt,  // agree on a step, checkpoint, end with `stopped`
    cancel,   // agree on a step, end with `stopped` without a checkpoint
};

struct Stop {
    StopMode mode = StopMode::preempt;
};

/// Rank 0's checkpoint was accepted by the coordinator: older ones may go.
struct CheckpointAccepted {
    std::int64_t step = 0;
};

using ToTrainer = std::variant<Start, Rendezvous, Stop, CheckpointAccepted>;

// ---- trainer -> agent
// ----------------------------------------------------------------------------------------

/// LibTorch is loaded; waits for Start (the warm pool).
struct Ready {};

/// Rank 0's store is open (world size > 1 only).
struct StoreOpened {
    std::string host;
    int port = 0;
};

/// All ranks are connected and the first step begins.
struct Running {
    std::int64_t step = 0;  // resumed at
    std::int64_t total_steps = 0;
    std::string data_fingerprint;
};

/// A progress sample, from every rank, at most a few a second; may be dropped, so what grows comes
/// as a total.
struct Progress {
    // Of the attempt: every rank says the same.
    std::int64_t step = 0, total_steps = 0;
    int epoch = 0;
    double loss = 0;                // mean over the step's samples
    double samples_per_second = 0;  // over all ranks, since the last sample
    double accuracy = 0;            // share of the step's samples
    double learning_rate = 0;       // of the step
    std::int64_t steps = 0;         // since Running
    std::int64_t samples = 0;       // since Running, over all ranks
    std::int64_t oom_replans = 0;   // since Running
    // Of this rank.
    PhaseSeconds phases{};
    std::int64_t micro_batch = 0, accumulation = 0;
    std::int64_t ooms = 0;        // since Running: steps that it could not hold
    std::int64_t peak_bytes = 0;  // of its allocator; 0: not measured
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;  // 0: there is no limit
};

/// A fact, from rank 0: the file is complete, verified and durable.
struct CheckpointDurable {
    std::int64_t step = 0;
    std::string path;
    double seconds = 0;  // from the step's end until now
};

/// A fact, from rank 0: values at the end of an epoch. test_* are NaN in epochs without evaluation.
struct EpochEnded {
    int epoch = -1;  // 0-based; negative: the program counts none, its step stands for it
    std::int64_t step = 0;
    double train_loss = kNotMeasured, train_accuracy = kNotMeasured;
    double test_loss = kNotMeasured, test_accuracy = kNotMeasured;
    Metrics metrics{};
};

/// A fact, from rank 0: what it has learnt of its memory, plan::to_text of a profile.
struct Profiled {
    std::string profile;
};

/// The rank is done. Rank 0's carries the result.
struct Finished {
    std::int64_t step = 0;
    std::string weights_sha256;
    std::int64_t samples_per_step_min = 0,
                 samples_per_step_max = 0;           // counted by the loaders, summed over ranks
    std::int64_t micro_batch = 0, accumulation = 0;  // as run
    double train_loss = 0, test_loss = 0, test_accuracy = 0, samples_per_second = 0;
    Metrics metrics{};            // besides
    std::int64_t peak_bytes = 0;  // the largest of the ranks, in steps under the final plan
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;  // 0: there was no limit
    std::int64_t oom_count = 0, replans = 0;
    std::int64_t probe_steps = 0, probe_ooms = 0;  // of calibration
    std::int64_t recompute = 0;  // segments whose activations were computed again; 0: all were kept
};

/// Ended at an agreed step because it was asked to; all ranks send it.
struct Stopped {
    std::int64_t step = 0;
};

/// The attempt cannot go on. `retry` false: another attempt would end the same way (bad data, NaN
/// loss).
struct Failed {
    int code = 0;  // bw::Errc
    std::string message;
    bool retry = true;
};

using FromTrainer = std::variant<
    Ready,
    StoreOpened,
    Running,
    Progress,
    CheckpointDurable,
    EpochEnded,
    Profiled,
    Finished,
    Stopped,
    Failed>;

/// Without the line feed.
std::string encode(const ToTrainer& message);
std::string encode(const FromTrainer& message);

/// Nothing for a well-formed message of an unknown type; an error (Errc::corrupt) for anything
/// else.
Result<std::optional<ToTrainer>> decode_to_trainer(std::string_view line);
Result<std::optional<FromTrainer>> decode_from_trainer(std::string_view line);

}  // namespace bw::trainer_wire
