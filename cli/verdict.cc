#include "cli/verdict.h"

#include <algorithm>
#include <cstdio>

#include "base/bytes.h"
#include "cli/profile_request.h"
#include "coordinator/core/memory_plan.h"

namespace bw::cli {
namespace {

using Json = nlohmann::json;

// Samples of the micro-batch with which a profile is confirmed at first: every kernel that changes
// with the size has changed by then, as far as is known.
constexpr std::int64_t kFirstConfirmed = 32;

Json null_if_zero(std::int64_t value) { return value == 0 ? Json(nullptr) : Json(value); }

void describe(Json& row, const plan::Choice& choice) {
    row["world_size"] = choice.plan.world_size;
    row["micro_batch"] = choice.plan.micro_batch;
    row["accumulation"] = choice.plan.accumulation;
    row["recompute"] = choice.recompute;
    row["predicted_peak_bytes"] = null_if_zero(choice.predicted_peak_bytes);
    row["limit_bytes"] = null_if_zero(choice.limit_bytes);
    if (choice.limit_bytes > 0)
        row["headroom_bytes"] = choice.limit_bytes - choice.predicted_peak_bytes;
    if (choice.plan.ranks.empty()) return;
    for (const plan::RankChoice& rank : choice.ranks) {
        row["ranks"].push_back(
            {{"samples", rank.samples},
             {"micro_batch", rank.micro_batch},
             {"accumulation", rank.accumulation},
             {"predicted_peak_bytes", rank.predicted_peak_bytes},
             {"limit_bytes", null_if_zero(rank.limit_bytes)}}
        );
    }
}

}  // namespace

Verdicts::Verdicts(
    const sweeps::Sweep& sweep, const PlanOptions& options, std::vector<core::SlotInfo> slots
)
    : sweep_(sweep), options_(options), slots_(std::move(slots)) {
    for (const core::SlotInfo& slot : slots_) limits_.push_back(core::limit_on(sweep, slot));
}

void Verdicts::refuse(Json& row, const std::string& why) const {
    row["verdict"] = "refused";
    row["why"] = why;
}

/// Slots with the smallest limits that suffice, as placement takes them when all are free; fewer
/// than the job's world when there are no more.
std::vector<plan::Device> Verdicts::gang_of(const Job& job, std::int64_t needed) const {
    std::vector<plan::Device> gang;
    for (const std::size_t slot : core::sufficient(limits_, needed)) {
        if (std::ssize(gang) == job.input.world_sizes.front()) break;
        gang.push_back({.limit_bytes = limits_[slot], .speed = 1});
    }
    return gang;
}

bool Verdicts::is_limited() const {
    return std::any_of(limits_.begin(), limits_.end(), [](std::int64_t limit) {
        return limit > 0;
    });
}

/// Anew, up to micro-batches of `samples`; what is known stays when that cannot be.
const plan::Profile* Verdicts::measure(const Job& job, std::int64_t samples) {
    const std::string key = plan::profile_key(*job.subject);
    auto& known = profiles_[key];
    made_.insert(key);
    std::fprintf(stderr, "measuring %s ...\n", job.subject->model.c_str());
    const auto answer = request_profile(
        options_.trainer, *job.subject, samples, job.input.group, options_.state_dir
    );
    if (!answer) {
        std::fprintf(stderr, "%s\n", answer.error().message.c_str());
    } else if (auto profile = read_profile(options_.state_dir, key)) {
        known = std::move(*profile);
    }
    return known ? &*known : nullptr;
}

const plan::Profile* Verdicts::profile_of(const Job& job) {
    if (!job.subject) return nullptr;
    const std::string key = plan::profile_key(*job.subject);
    if (!profiles_.contains(key)) {
        auto read = read_profile(options_.state_dir, key);
        profiles_[key] = read ? std::optional(std::move(*read)) : std::nullopt;
        if (!profiles_[key] && options_.profile)
            return measure(job, std::min(job.input.global_batch, kFirstConfirmed));
    }
    const auto& found = profiles_.at(key);
    return found ? &*found : nullptr;
}

/// With slots that suffice, where there are enough.
Result<plan::Choice> Verdicts::choose(Job& job, const plan::Profile* profile) const {
    const int world = job.input.world_sizes.front();
    std::int64_t needed = job.subject ? core::static_bytes(*job.subject) : 0;
    plan::Variant variant;
    if (profile != nullptr) variant = plan::variant_of(*profile);
    if (profile != nullptr) {
        const auto smallest = plan::smallest_limit(job.input, profile->peak, world);
        if (!smallest) return smallest.error();
        needed = *smallest;
    }
    job.input.devices = gang_of(job, needed);
    if (std::ssize(job.input.devices) < world) {
        if (profile == nullptr) {
            return fail(
                Errc::refused,
                "weights, gradients and the optimizer's state alone take " + format_bytes(needed) +
                    ", and too few slots have as much"
            );
        }
        job.input.devices = gang_of(job, 0);  // to say what is missing
    }
    return plan::search_plan(job.input, {&variant, 1});
}

/// With activations computed again where the job allows it and nothing fits else.
Result<plan::Choice> Verdicts::choose_last_resort(
    Job& job, const plan::Profile*& profile, Result<plan::Choice> kept
) {
    if (kept || profile == nullptr || !job.may_recompute) return kept;
    job.subject->recompute = true;
    profile = profile_of(job);
    return choose(job, profile);
}

void Verdicts::judge(Json& row, Job job) {
    const auto world = job.input.world_sizes.front();
    if (std::ssize(limits_) < world) {
        return refuse(
            row,
            "needs " + std::to_string(world) + " slots at once, and the device offers " +
                std::to_string(limits_.size())
        );
    }
    const plan::Profile* profile = is_limited() ? profile_of(job) : nullptr;
    auto choice = choose(job, profile);
    choice = choose_last_resort(job, profile, std::move(choice));
    if (choice && profile != nullptr && made_.contains(profile->key)) {
        const std::int64_t m = choice->plan.micro_batch;
        const auto is_it = [m](const plan::Confirmation& seen) { return seen.samples == m; };
        if (std::none_of(profile->confirmed.begin(), profile->confirmed.end(), is_it)) {
            profile = measure(job, m);
            choice = choose(job, profile);
        }
    }
    if (!choice) return refuse(row, choice.error().message);
    if (profile == nullptr && choice->limit_bytes > 0) {
        row["verdict"] = "needs-profile";
        row["why"] =
            "no profile of its memory is known: the job measures it in two or three steps of its "
            "own, `plan --profile` now";
        return;
    }
    describe(row, *choice);
    row["verdict"] = "fits";
    row["why"] = profile == nullptr ? "no memory limit is set" : choice->why;
    if (profile != nullptr) row["step_seconds"] = choice->step_seconds;
}

Json Verdicts::row_of(const sweeps::Point& point) {
    const std::string params_json = sweeps::to_json(sweeps::Value{point.params});
    Json row = {
        {"ordinal", point.ordinal},
        {"hash", point.hash},
        {"params", Json::parse(params_json)},
        {"global_batch", nullptr},
        {"world_size", nullptr},
        {"micro_batch", nullptr},
        {"accumulation", nullptr},
        {"recompute", 0},
        {"predicted_peak_bytes", nullptr},
        {"limit_bytes", nullptr},
    };
    for (const std::int64_t limit : limits_) {
        if (limit > 0 && (row["limit_bytes"].is_null() || row["limit_bytes"] < limit))
            row["limit_bytes"] = limit;
    }
    auto input = core::search_input(sweep_, params_json, 0);
    if (!input) {
        refuse(row, input.error().message);
        return row;
    }
    row["global_batch"] = input->global_batch;
    row["group"] = input->group;
    row["world_size"] = input->world_sizes.front();
    Job job{.input = std::move(*input), .subject = std::nullopt, .may_recompute = false};
    job.may_recompute =
        core::kept_activations(params_json) == core::KeptActivations::where_they_fit;
    if (!slots_.empty()) job.subject = core::profile_subject(sweep_, params_json, slots_.front());
    judge(row, std::move(job));
    return row;
}

}  // namespace bw::cli
