#include "worker/trainer/schedule/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/assert.h"

namespace bw::trainer {
namespace {

using std::numbers::pi;

double number(std::int64_t count) { return static_cast<double>(count); }

/// 0 at the schedule's begin, 1 at its end T.
double progress(const ScheduleSpec& spec, std::int64_t t) {
    const std::int64_t length = std::max<std::int64_t>(1, spec.total_steps - spec.warmup_steps);
    return number(t) / number(length);
}

double between(double low, double high, double part) { return low + (high - low) * part; }

/// From `from` to `to` along half a cosine.
double cosine_path(double from, double to, double part) {
    return to + (from - to) * (1 + std::cos(pi * part)) / 2;
}

double cosine_part(double cycles, double part) {
    return std::max(0.0, 0.5 * (1 + std::cos(2 * pi * cycles * part)));
}

constexpr double kCycleMomentumMin = 0.8, kCycleMomentumMax = 0.9;

Rates cyclic(const ScheduleSpec& spec, const Rates& base, std::int64_t t) {
    const double up = number(spec.cycle_up);
    const double length = up + number(spec.cycle_down > 0 ? spec.cycle_down : spec.cycle_up);
    const double cycle = std::floor(1 + number(t) / length);
    const double x = 1 + number(t) / length - cycle;
    const double ratio = up / length;
    const double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    double factor = 1;
    switch (spec.cycle_mode) {
        case CycleMode::triangular:
            break;
        case CycleMode::triangular2:
            factor = 1 / std::pow(2.0, cycle - 1);
            break;
        case CycleMode::exp_range:
            factor = std::pow(spec.gamma, number(t));
            break;
    }
    const double part = height * factor;
    return {
        between(base.learning_rate, spec.max_rate, part),
        base.momentum == 0 ? 0 : between(kCycleMomentumMax, kCycleMomentumMin, part)};
}

// OneCycleLR's defaults; the point's learning rate is the peak.
constexpr double kRiseShare = 0.3, kStartDivisor = 25, kEndDivisor = 1e4;
constexpr double kOneCycleMomentumMin = 0.85, kOneCycleMomentumMax = 0.95;

Rates one_cycle(const ScheduleSpec& spec, const Rates& base, std::int64_t t) {
    const double total = number(std::max<std::int64_t>(2, spec.total_steps - spec.warmup_steps));
    const double peak_at = kRiseShare * total - 1, end_at = total - 1;
    const double now = std::min(number(t), end_at);
    const double start = base.learning_rate / kStartDivisor;
    const double high = kOneCycleMomentumMax, low = kOneCycleMomentumMin;
    const bool rises = now <= peak_at;
    const double part = rises ? now / peak_at : (now - peak_at) / (end_at - peak_at);
    const double rate = rises ? cosine_path(start, base.learning_rate, part)
                              : cosine_path(base.learning_rate, start / kEndDivisor, part);
    const double momentum = rises ? cosine_path(high, low, part) : cosine_path(low, high, part);
    return {rate, base.momentum == 0 ? 0 : momentum};
}

double multi_step_factor(const ScheduleSpec& spec, std::int64_t t) {
    const auto passed = std::ranges::count_if(spec.milestones, [t](auto at) { return at <= t; });
    return std::pow(spec.gamma, number(passed));
}

/// `t` counts from the end of the warm-up.
Rates scheduled(
    const ScheduleSpec& spec, const Rates& base, const Plateau& plateau, std::int64_t t
) {
    const auto times = [&base](double factor) {
        return Rates{base.learning_rate * factor, base.momentum};
    };
    const auto above_min = [&](double part) {
        return Rates{between(spec.min_rate, base.learning_rate, part), base.momentum};
    };
    const double part = progress(spec, t);
    switch (spec.kind) {
        case ScheduleKind::constant:
            return base;
        case ScheduleKind::step:
            return times(std::pow(spec.gamma, number(t / spec.decay_steps)));
        case ScheduleKind::multi_step:
            return times(multi_step_factor(spec, t));
        case ScheduleKind::exponential:
            return times(std::pow(spec.gamma, number(t)));
        case ScheduleKind::polynomial:
            return times(std::pow(std::max(0.0, 1 - part), spec.power));
        case ScheduleKind::cosine:
            return above_min(cosine_part(spec.cycles, std::min(1.0, part)));
        case ScheduleKind::cosine_annealing:
            return above_min((1 + std::cos(pi * part)) / 2);
        case ScheduleKind::cyclic:
            return cyclic(spec, base, t);
        case ScheduleKind::one_cycle:
            return one_cycle(spec, base, t);
        case ScheduleKind::plateau:
            return {std::max(spec.min_rate, base.learning_rate * plateau.scale), base.momentum};
    }
    return base;
}

}  // namespace

Plateau after_evaluation(const ScheduleSpec& spec, const Plateau& before, double loss) {
    Plateau now = before;
    const bool improved = loss < before.best * (1 - spec.threshold) || !std::isfinite(before.best);
    if (improved) {
        now.best = loss;
        now.bad = 0;
    } else {
        ++now.bad;
    }
    if (now.cooldown > 0) {
        --now.cooldown;
        now.bad = 0;
    }
    if (now.bad > spec.patience) {
        now.scale *= spec.gamma;
        now.cooldown = spec.cooldown;
        now.bad = 0;
    }
    return now;
}

Rates rates_at(
    const ScheduleSpec& spec, const Rates& base, const Plateau& plateau, std::int64_t t
) {
    BW_ASSERT(t >= 0 && spec.decay_steps > 0 && spec.cycle_up > 0, "no such step or period");
    if (t >= spec.warmup_steps) return scheduled(spec, base, plateau, t - spec.warmup_steps);
    const Rates target = scheduled(spec, base, plateau, 0);
    return {target.learning_rate * number(t) / number(spec.warmup_steps), target.momentum};
}

}  // namespace bw::trainer
