// Random histories of a coordinator: legal sequences of events, made without decide(), so that the
// journal's tests do not depend on policy. Equal seeds give equal histories.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "coordinator/core/core.h"

namespace bw::test {

class RandomHistory {
public:
    explicit RandomHistory(std::uint64_t seed) : rng_(key_of(seed)) {}

    /// The next events of one decision, already applied to state().
    std::vector<core::Event> next();

    /// `count` batches.
    std::vector<std::vector<core::Event>> batches(std::size_t count);

    [[nodiscard]] const core::State& state() const { return state_; }

private:
    std::vector<core::Event> propose();
    core::Event submit();
    std::vector<core::Event> on_sweep(const core::SweepRecord& sweep);
    std::vector<core::Event> on_job(const core::JobRecord& job);
    std::vector<core::Event> on_attempt(
        const core::JobRecord& job, const core::AttemptRecord& attempt
    );
    std::vector<core::Event> place(const core::JobRecord& job);
    std::string profile();
    core::Event join();
    std::vector<core::Event> on_agent(const core::AgentRecord& agent);
    std::vector<core::Event> on_any_job(const core::JobRecord& job);
    core::Event run(JobId job, std::uint32_t attempt);
    core::Event end_rank(const core::JobRecord& job, const core::AttemptRecord& attempt);
    core::JobResult result();
    std::string text();

    Duration lost_time() { return {static_cast<std::int64_t>(rng_.below(1'000'000'000))}; }

    bool one_in(std::uint64_t n) { return rng_.below(n) == 0; }

    Instant now() { return {clock_ += static_cast<std::int64_t>(rng_.below(1'000'000'000))}; }

    Rng rng_;
    core::State state_;
    std::int64_t clock_ = 1'700'000'000'000'000'000;
};

}  // namespace bw::test
