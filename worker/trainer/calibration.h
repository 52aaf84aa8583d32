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
#include "worker/trainer/profiler.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

struct CalibrationReport {
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;  // 0: no limit
    std::int64_t probe_steps = 0, probe_ooms = 0;
    std::int64_t probe_ooms_in_steps = 0;  // of these, in a step that was to confirm the plan
    std::int64_t replans = 0;              // the plan changed after a step had run under it
};

struct RankMemory {
    std::int64_t predicted_peak_bytes = 0, limit_bytes = 0;
};

/// One per attempt and rank. Not thread-safe.
class Calibration {
public:
    explicit Calibration(Training& training);

    /// Before the first step. Collective. Errors: Errc::refused with the arithmetic,
    /// Errc::out_of_memory, Errc::peer_gone.
    Result<void> begin();

    void before_step();

    /// Collective until the plan is confirmed. Errors: as begin().
    Result<void> after_step();

    /// What rank 0 has learnt since it was last asked, plan::to_text of profiles; also after
    /// begin() has failed.
    std::vector<std::string> take_news() { return std::exchange(news_, {}); }

    [[nodiscard]] const CalibrationReport& report() const { return report_; }

    /// Of this rank's device, under the plan as it is now; zeros where there is no limit.
    [[nodiscard]] RankMemory own_memory() const;

private:
    [[nodiscard]] bool is_active() const { return report_.limit_bytes > 0; }

    Result<void> plan_once();
    Result<void> tell_there_are_no_segments(const Result<void>& planned);
    Result<void> share_limits(std::int64_t mine);
    Result<std::string> first_profile();
    void note_probes();
    Result<void> adopt(const Result<std::string>& mine);
    void take(const plan::Choice& choice);
    [[nodiscard]] plan::SearchInput search_input() const;
    Result<plan::Choice> choose() const;
    [[nodiscard]] std::int64_t fitting() const;
    Result<void> follow_memory();
    bool corrects_profile(const plan::Plan& plan);
    bool is_confirmed(const std::vector<plan::Observation>& micro_batches);
    Result<void> settle();

    Training& training_;
    Profiler profiler_;
    std::int64_t last_batch_;  // samples of an epoch's last batch where it is smaller; 0: none
    plan::Profile profile_;
    std::string known_;  // of it, to the coordinator: its text
    std::vector<plan::Device> devices_;
    CalibrationReport report_;
    std::vector<std::string> news_;
    std::int64_t failures_before_ = 0;
    LimitScript script_;
    Regrowth regrowth_;
    std::int64_t replans_seen_ = 0;
    std::int64_t micro_batch_before_ = 0;  // this step
    int rounds_left_ = 0;                  // 0: confirmed, or no longer tried
};

}  // namespace bw::trainer
