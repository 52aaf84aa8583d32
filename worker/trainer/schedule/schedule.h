// Learning rate and momentum of a step, from the number of scheduler steps so far. Pure; no torch.
// All schedules are functions of that number but `plateau`, whose memory is a value of its own, so
// that a checkpoint can hold it.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace bw::trainer {

enum class ScheduleKind {
    constant,
    step,              // x gamma every `decay_steps`
    multi_step,        // x gamma at each of `milestones`
    exponential,       // gamma^t
    polynomial,        // (1 - t/T)^power
    cosine,            // (1 + cos(2 pi cycles t/T)) / 2, at its last value after T
    cosine_annealing,  // a whole period every 2 T: it rises again after T
    cyclic,            // Smith, "Cyclical Learning Rates" (2017), as torch's CyclicLR
    one_cycle,         // Smith and Topin, "Super-Convergence" (2019), as torch's OneCycleLR
    plateau,           // x gamma when the loss has not improved for `patience` evaluations
};
enum class ScheduleInterval { step, epoch };
enum class CycleMode { triangular, triangular2, exp_range };

struct ScheduleSpec {
    ScheduleKind kind = ScheduleKind::constant;
    ScheduleInterval interval = ScheduleInterval::step;  // of all but plateau
    // A linear rise from 0 over so many scheduler steps; T and t of the schedule count from there.
    std::int64_t warmup_steps = 0;
    std::int64_t total_steps = 0;  // T, warm-up included; 0: as long as the run is
    double cycles = 0.5;           // of cosine
    double min_rate = 0;           // of cosine, cosine_annealing, plateau
    double max_rate = 0;           // of cyclic
    double gamma = 0.1;
    double power = 1;
    std::int64_t decay_steps = 1;
    std::vector<std::int64_t> milestones = {};
    std::int64_t cycle_up = 1, cycle_down = 0;  // down 0: as long as up
    CycleMode cycle_mode = CycleMode::triangular;
    std::int64_t patience = 10, cooldown = 0;
    double threshold = 1e-4;  // relative: an improvement is a loss below best * (1 - threshold)
};

/// What the schedule starts from: the point's values.
struct Rates {
    double learning_rate = 0;
    double momentum = 0;
    friend bool operator==(const Rates&, const Rates&) = default;
};

/// torch's ReduceLROnPlateau, mode `min`.
struct Plateau {
    double scale = 1;
    double best = std::numeric_limits<double>::infinity();
    std::int64_t bad = 0, cooldown = 0;  // evaluations
    friend bool operator==(const Plateau&, const Plateau&) = default;
};

/// After an evaluation whose loss was `loss`.
Plateau after_evaluation(const ScheduleSpec& spec, const Plateau& before, double loss);

/// Of scheduler step t, from 0. `spec.total_steps` is set. Cyclic and one_cycle move the momentum
/// the other way where the rule has one.
Rates rates_at(const ScheduleSpec& spec, const Rates& base, const Plateau& plateau, std::int64_t t);

}  // namespace bw::trainer
