// Where the time of a rank goes. One phase is always on, so that the phases add up to the time
// since the start, whatever happens in between. A change of phase reads the steady clock once. On a
// device that computes asynchronously a phase ends when its work is queued, not when it is done. No
// torch.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "wire/trainer/messages.h"

namespace bw::trainer {

enum class Phase : std::uint8_t {
    data,
    forward,
    backward,
    all_reduce,
    optimizer,
    evaluation,
    checkpoint,
    other,
};

/// Not thread-safe.
class PhaseClock {
public:
    using Clock = std::chrono::steady_clock;

    /// All phases at zero, `other` on.
    void restart(Clock::time_point now = Clock::now()) {
        totals_ = {};
        now_in_ = Phase::other;
        since_ = now;
    }

    void enter(Phase phase, Clock::time_point now = Clock::now()) {
        totals_[index(now_in_)] += now - since_;
        now_in_ = phase;
        since_ = now;
    }

    /// Until the last change of phase.
    [[nodiscard]] trainer_wire::PhaseSeconds totals() const {
        return {
            .data = seconds(Phase::data),
            .forward = seconds(Phase::forward),
            .backward = seconds(Phase::backward),
            .all_reduce = seconds(Phase::all_reduce),
            .optimizer = seconds(Phase::optimizer),
            .evaluation = seconds(Phase::evaluation),
            .checkpoint = seconds(Phase::checkpoint),
            .other = seconds(Phase::other)};
    }

private:
    static constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::other) + 1;

    static constexpr std::size_t index(Phase phase) { return static_cast<std::size_t>(phase); }

    [[nodiscard]] double seconds(Phase phase) const {
        return std::chrono::duration<double>(totals_[index(phase)]).count();
    }

    std::array<Clock::duration, kPhases> totals_{};
    Phase now_in_ = Phase::other;
    Clock::time_point since_ = Clock::now();
};

}  // namespace bw::trainer
