// A parsed and checked sweep: the search space, how it is searched, and how its jobs run.
#pragma once

#include <cstdint>
#include <memory>
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

/// How the next point is found, where the method leaves a choice.
enum class Sampler { by_method, random, sobol, tpe, gp };

/// W&B's hyperband (SYNTAX, section 6): what `early_terminate` says.
struct HyperbandRule {
    std::vector<double> bands;  // whole numbers, ascending; iterations count from 1
    double eta = 3;
    bool strict = true;
};

/// `batchwright.stopper`: when a job does not run to its end. Iterations are reports of the metric.
struct Stopper {
    enum class Rule { none, asha, median, patience };
    Rule rule = Rule::none;
    std::int64_t min_iter = 1;  // asha: the first rung; median: a job is safe before it
    std::int64_t max_iter = 0;  // asha: no rung from here on; 0: wherever a job ends
    double eta = 3;             // asha
    std::int64_t min_jobs = 3;  // median: a job is safe while fewer others have got so far
    std::int64_t reports = 10;  // patience: so many without an improvement
    double min_delta = 0;       // patience: what counts as one
};

/// What a sweep may use in all; 0: no such limit.
struct Budget {
    std::int64_t jobs = 0;
    double device_hours = 0;
};

enum class Aggregate { mean, median, min, max };

/// Every point runs `count` times, with parameter = its value, + 1, + 2, ...
struct Replicas {
    std::string parameter = "seed";
    std::int64_t count = 1;
    Aggregate aggregate = Aggregate::mean;  // what a searcher, and the ranking, sees of them
};

enum class Order {
    sorted,  // axes by name, as W&B
    file,    // axes as in the file
    random,  // a permutation by options.seed
};

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
    Sampler sampler = Sampler::by_method;
    Stopper stopper;
    Budget budget;
    std::int64_t max_failures = 0;  // failed jobs after which no new one starts; 0: no such limit
    Replicas replicas;
    std::vector<Map> points;            // these come first; what they leave out is the trainer's
    std::vector<Map> include, exclude;  // of a grid, as in GitHub's matrix
    Order order = Order::sorted;        // of a grid
    Map per_model;                      // by model: parameters, and world_size, for its points
};

struct Matrix;

struct Sweep {
    std::string name;
    Method method = Method::grid;
    std::optional<Metric> metric;
    std::optional<std::int64_t> run_cap;
    std::vector<Parameter>
        parameters;  // in the order in which a grid runs: by name at each level, depth first
    Options options;
    std::optional<HyperbandRule> early_terminate;
    std::shared_ptr<const Matrix> matrix;  // of a grid with include or exclude (sweeps/matrix.h)
    bool external =
        false;       // names a program or a command of its own instead of the built-in trainer
    Value document;  // the whole file as read, last duplicate kept
    /// SHA-256 of the normalised document without run_cap and batchwright.{concurrency, retries,
    /// budget, max_failures}: two files with one fingerprint are one sweep.
    std::string fingerprint;
};

}  // namespace bw::sweeps
