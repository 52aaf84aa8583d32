// What an attempt trains: the point's parameters as the trainer understands them, from
// Start.params_json. The sweep language has checked them already; here they are checked again,
// because any program may send them. No torch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/trainer/attempt/optimizer_spec.h"
#include "worker/trainer/data/loader.h"
#include "worker/trainer/data/sampler.h"
#include "worker/trainer/schedule/schedule.h"

namespace bw::trainer {

enum class Precision { fp32, fp64 };
enum class MemoryFormat { contiguous, channels_last };

/// Sharpness-aware minimisation (Foret et al., 2021; adaptive: Kwon et al., 2021) around any
/// optimizer: the gradient is taken at the worst weights within `rho`.
struct SharpnessSpec {
    double rho = 0;  // 0: off
    bool adaptive = false;
};

/// Whether activations are computed again in backward instead of kept: where nothing fits else,
/// never, or always.
enum class RecomputePolicy { automatic, never, always };

struct TrainingParams {
    std::string model;
    std::string dataset = "fashion_mnist";
    std::string weights;  // a safetensors file that the network begins with; empty: its own values
    std::int64_t num_epochs = 10;
    std::int64_t max_steps = 0;  // 0: no limit
    double target_loss = 0;      // ends with the step whose loss is at most this; 0: never
    double learning_rate = 0.001;
    OptimizerSpec optimizer;
    ScheduleSpec schedule;
    SharpnessSpec sharpness;
    double clip_norm = 0;  // of the gradient of a step; 0: not clipped
    double label_smoothing = 0;
    std::int64_t image_resolution = 0;  // 0: as stored
    std::uint64_t seed = 0;
    std::int64_t eval_interval = 1;  // epochs; 0: never
    bool save_best = false;          // weights of the best test accuracy, in a file of their own
    LastBatch last_batch = LastBatch::drop;
    std::int64_t limit_train_samples = 0, limit_test_samples = 0;  // 0: all
    Precision precision = Precision::fp32;
    MemoryFormat memory_format = MemoryFormat::contiguous;
    Augment augment = Augment::none;
    RecomputePolicy recompute = RecomputePolicy::automatic;
    bool dropout = true;  // false: also no stochastic depth
    std::string hash;     // SHA-256 of the canonical JSON: which point a checkpoint belongs to
};

/// Missing parameters take their defaults; unknown ones are ignored, so that the agent may be
/// newer. Errors: Errc::invalid_input, naming the parameter.
Result<TrainingParams> parse_params(std::string_view json);

}  // namespace bw::trainer
