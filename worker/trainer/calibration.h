// How an attempt finds its plan under a memory limit: a profile from the cache, or from two probes
// of its own; the search of plan/; and the first step under the plan, which is recorded and must
// be what was predicted, or the profile is made anew around it. All ranks act alike: rank 0's
// profile and every rank's limit are shared. Without a limit it does nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/profile.h"
#include "plan/search.h"
#include "worker/trainer/attempt/regrowth.h"
#include "worker/trainer/memory/limit_script.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

struct CalibrationReport {
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;  // 0: no limit
    std::int64_t probe_steps = 0, probe_ooms = 0;
    std::int64_t probe_ooms_in_steps = 0;  // of these, in a step that was to confirm the plan
    std::int64_t replans = 0;              // the plan changed after a step had run under it
    int recompute = 0;
};

struct MeasureOptions {
    std::int64_t samples = 1;      // of each of the two micro-batches of the step that is shown
    std::int64_t limit_bytes = 0;  // under which it must run; 0: what was there before
    int steps = 1;                 // how often it is run
};

/// A profile that no job asked for, and a step of the size asked for.
struct Measurement {
    plan::Profile profile;
    plan::MemoryTrace trace;                // of two micro-batches of that size
    std::int64_t groups = 0;                // of each
    std::int64_t predicted_peak_bytes = 0;  // from smaller ones, before the step had been seen
    std::int64_t peak_bytes = 0;
    plan::PeakModel before;  // from the smaller ones alone
};

/// One per attempt and rank. Not thread-safe.
class Calibration {
public:
    explicit Calibration(Training& training);

    /// Before the first step. Collective. Errors: Errc::refused with the arithmetic,
    /// Errc::out_of_memory, Errc::peer_gone.
    Result<void> begin();

    /// Instead of all that follows, on one rank: probes, and a step as it would be cut; kept as the
    /// profile. Errors: Errc::refused, Errc::out_of_memory.
    Result<Measurement> measure(const MeasureOptions& options);

    void before_step();

    /// Collective until the plan is confirmed. Errors: as begin().
    Result<void> after_step();

    /// What rank 0 has learnt since it was last asked, plan::to_text of a profile; also after
    /// begin() has failed.
    std::optional<std::string> take_news() { return std::exchange(news_, std::nullopt); }

    [[nodiscard]] const CalibrationReport& report() const { return report_; }

private:
    [[nodiscard]] bool is_active() const { return report_.limit_bytes > 0; }

    Result<void> share_limits(std::int64_t mine);
    Result<std::string> first_profile();
    Result<plan::Profile> known_profile() const;
    Result<plan::Profile> traced_profile();
    Result<plan::MemoryTrace> probe_once(std::int64_t samples, double& seconds);
    plan::Profile profile_of(const plan::Observations& seen) const;
    Result<void> adopt(const Result<std::string>& mine);
    void take(const plan::Choice& choice);
    [[nodiscard]] plan::SearchInput search_input() const;
    Result<plan::Choice> choose() const;
    [[nodiscard]] std::int64_t fitting() const;
    Result<void> follow_memory();
    [[nodiscard]] bool is_confirmed(const plan::Observations& seen);
    Result<plan::Profile> profile_around(std::int64_t samples, plan::Observations seen);
    void keep_profile();

    Training& training_;
    std::int64_t last_batch_;  // samples of an epoch's last batch where it is smaller; 0: none
    plan::Profile profile_;
    std::vector<plan::Device> devices_;
    CalibrationReport report_;
    std::optional<std::string> news_;
    std::int64_t failures_before_ = 0;
    LimitScript script_;
    Regrowth regrowth_;
    std::int64_t replans_seen_ = 0;
    std::int64_t micro_batch_before_ = 0;  // this step
    bool is_refitted_ = false;
    int rounds_left_ = 0;  // 0: confirmed, or no longer tried
};

}  // namespace bw::trainer
