// Whether a point of a sweep fits a host's slots, and how it would run there.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/plan_commands.h"
#include "coordinator/core/event.h"
#include "plan/profile.h"
#include "plan/search.h"
#include "sweeps/points.h"

namespace bw::cli {

class Verdicts {
public:
    /// `sweep` and `options` outlive it.
    Verdicts(
        const sweeps::Sweep& sweep, const PlanOptions& options, std::vector<core::SlotInfo> slots
    );

    /// The row of `plan --json`.
    nlohmann::json row_of(const sweeps::Point& point);

private:
    /// Everything about a point that does not depend on devices.
    struct Job {
        plan::SearchInput input;
        std::optional<plan::ProfileSubject> subject;
        bool may_recompute = false;
    };

    void judge(nlohmann::json& row, Job job);
    void refuse(nlohmann::json& row, const std::string& why) const;
    const plan::Profile* profile_of(const Job& job);
    const plan::Profile* measure(const Job& job, std::int64_t samples);
    Result<plan::Choice> choose(Job& job, const plan::Profile* profile) const;
    Result<plan::Choice> choose_last_resort(
        Job& job, const plan::Profile*& profile, Result<plan::Choice> kept
    );
    [[nodiscard]] std::vector<plan::Device> gang_of(const Job& job, std::int64_t needed) const;
    [[nodiscard]] bool is_limited() const;

    const sweeps::Sweep& sweep_;
    const PlanOptions& options_;
    std::vector<core::SlotInfo> slots_;
    std::vector<std::int64_t> limits_;  // of the slots, for this sweep; 0: none
    std::map<std::string, std::optional<plan::Profile>> profiles_;  // by key
    std::set<std::string> made_;                                    // of these, by us
};

}  // namespace bw::cli
