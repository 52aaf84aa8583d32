// A parsed and checked sweep: the search space, how it is searched, and how its jobs run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sweeps/value.h"

namespace bw::sweeps {

enum class Method { grid, random, bayes, custom };

enum class Distribution {
    constant,
    categorical,
    categorical_w_probabilities,
    int_uniform,
    uniform,
    q_uniform,
    log_uniform,
    log_uniform_values,
    q_log_uniform,
    q_log_uniform_values,
    inv_log_uniform,
    inv_log_uniform_values,
    normal,
    q_normal,
    log_normal,
    q_log_normal,
    beta,
    q_beta,
};

/// One axis. `name` is the full path with "/" between the levels of nested parameters; `levels` are
/// its parts (a name of its own may hold a "/").
struct Parameter {
    std::string name;
    std::vector<std::string> levels;
    Distribution distribution = Distribution::constant;
    std::vector<Value> values;          // constant: one; categorical: at least one
    std::vector<double> probabilities;  // categorical_w_probabilities
    double min = 0, max = 0;    // bounds as in the file (exponents for the deprecated log forms)
    double mu = 0, sigma = 1;   // normal family
    double a = 1, b = 1;        // beta family
    double q = 1;               // quantised family
    bool q_is_integer = false;  // then the draws are integers
    bool bounds_are_integers = false;  // min and max are integer literals
};

struct Metric {
    std::string name;
    bool maximize = false;
    std::optional<double> target;
    std::string impute = "worst";                // latest | best | worst
    std::string impute_while_running = "false";  // latest | best | worst | false
};

/// How BatchNorm groups its samples; belongs to the job, never to the plan (DESIGN 7).
enum class BatchNormPolicy { ghost, micro_batch, frozen };

/// What stands under the reserved key `batchwright:`.
struct Options {
    std::int64_t world_size = 1;
    std::uint64_t seed = 0;             // of the search
    std::string device = "auto";        // auto | cpu | cuda: the kind of slot that a job needs
    std::int64_t checkpoint_steps = 0;  // 0: at the end of every epoch
    std::int64_t retries = 2;
    std::int64_t concurrency = 0;         // jobs at a time; 0: as many as there are slots
    std::int64_t micro_batch = 0;         // 0: the planner chooses
    std::int64_t memory_limit_bytes = 0;  // of a device, for each rank; 0: the device's own
    BatchNormPolicy bn = BatchNormPolicy::ghost;
    std::int64_t bn_group = 0;  // ghost(g); 0: min(batch_size, 32)
};

struct Sweep {
    std::string name;
    Method method = Method::grid;
    std::optional<Metric> metric;
    std::optional<std::int64_t> run_cap;
    std::vector<Parameter>
        parameters;  // in the order in which a grid runs: by name at each level, depth first
    Options options;
    bool external =
        false;       // names a program or a command of its own instead of the built-in trainer
    Value document;  // the whole file as read, last duplicate kept
    /// SHA-256 of the normalised document without run_cap and batchwright.{concurrency, retries}:
    /// two files with one fingerprint are one sweep.
    std::string fingerprint;
};

}  // namespace bw::sweeps
