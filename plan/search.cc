#include "plan/search.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/bytes.h"

namespace bw::plan {
namespace {

// Two plans whose times differ by less are equally fast: the one with the smaller peak is better.
constexpr double kTie = 0.02;

std::int64_t peak_of(const MemoryModel& model, const std::vector<MicroBatch>& micro_batches) {
    std::int64_t peak = 0;
    for (const MicroBatch& micro : micro_batches) {
        const auto groups = static_cast<std::int64_t>(micro.group_sizes.size());
        peak = std::max(peak, model.peak(micro.samples.size(), groups));
    }
    return peak;
}

/// The limit under which a micro-batch is planned: its peak and what the prediction may err by
/// there. An m that somebody asked for may use all of the limit.
std::int64_t limit_for(
    const SearchInput& input, const MemoryModel& model, std::int64_t samples, std::int64_t groups
) {
    const std::int64_t peak = model.peak(samples, groups);
    if (input.micro_batch != 0) return peak;
    return static_cast<std::int64_t>(
        std::ceil(static_cast<double>(peak) / (1 - model.margin(samples)))
    );
}

std::int64_t limit_for(
    const SearchInput& input,
    const MemoryModel& model,
    const Plan& plan,
    int rank,
    std::int64_t batch
) {
    std::int64_t limit = 0;
    for (const MicroBatch& micro : micro_batches_of(plan, rank, batch)) {
        const auto groups = std::ssize(micro.group_sizes);
        limit = std::max(limit, limit_for(input, model, micro.samples.size(), groups));
    }
    return limit;
}

/// Of a full batch and the last one.
std::int64_t limit_for(
    const SearchInput& input, const MemoryModel& model, const Plan& plan, int rank
) {
    const std::int64_t full = limit_for(input, model, plan, rank, input.global_batch);
    if (input.last_batch == 0) return full;
    return std::max(full, limit_for(input, model, plan, rank, input.last_batch));
}

std::int64_t limit_of(const Device& device) {
    return device.limit_bytes == 0 ? INT64_MAX : device.limit_bytes;
}

Plan bare_plan(const SearchInput& input, int world_size) {
    return {
        .global_batch = input.global_batch,
        .world_size = world_size,
        .group = input.group,
    };
}

/// The largest micro-batch of a rank that is planned under the limit, its share at most; 0: none.
/// `plan` gives the shares.
std::int64_t largest_micro_batch(
    const SearchInput& input, const MemoryModel& model, Plan plan, int rank, std::int64_t limit
) {
    const auto with = [&plan, rank](std::int64_t m) -> const Plan& {
        plan.micro_batch = m;
        if (!plan.ranks.empty()) plan.ranks[static_cast<std::size_t>(rank)].micro_batch = m;
        return plan;
    };
    const auto fits = [&](std::int64_t m) {
        return limit_for(input, model, with(m), rank) <= limit;
    };
    std::int64_t low = std::max<std::int64_t>(1, largest_group(plan));
    if (!fits(low)) return 0;
    std::int64_t high = input.global_batch + 1;  // low fits, high is more than there is
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (fits(middle) ? low : high) = middle;
    }
    return low;
}

std::string plane_text(const Plane& plane, std::int64_t samples, std::int64_t groups) {
    const auto fixed = static_cast<std::int64_t>(plane.fixed);
    const double per_sample = plane.per_sample + plane.per_group * static_cast<double>(groups) /
                                                     static_cast<double>(samples);
    return format_bytes(fixed) + " fixed and " +
           format_bytes(static_cast<std::int64_t>(per_sample)) + " a sample";
}

/// The largest BatchNorm group with which a micro-batch of one group fits; 0: none.
std::int64_t fitting_group(
    const SearchInput& input, const MemoryModel& model, const Device& device
) {
    std::int64_t g = input.group;
    while (g > 0 && limit_for(input, model, g, 1) > limit_of(device)) --g;
    return g;
}

struct Need {
    std::int64_t micro_batch = 0;
    std::int64_t bytes = 0, limit_bytes = 0;  // its peak, and the limit under which it is planned
    Device device;
};

/// Where the peak alone would fit.
std::string margin_text(const MemoryModel& model, const Need& need) {
    if (need.bytes > need.device.limit_bytes) return "";
    char percent[64];
    std::snprintf(
        percent,
        sizeof percent,
        " and %.1f %% that this prediction may err by",
        model.margin(need.micro_batch) * 100
    );
    return percent;
}

/// Why no micro-batch fits, and what would.
Error refusal(const SearchInput& input, const MemoryModel& model, const Need& need) {
    const std::int64_t groups =
        input.group == 0
            ? 0
            : std::max<std::int64_t>(1, need.micro_batch / std::max<std::int64_t>(1, input.group));
    std::string what = "a micro-batch of " + std::to_string(need.micro_batch);
    if (input.micro_batch == 0)
        what += input.group == 0 ? ", the smallest," : ", one BatchNorm group,";
    std::string text =
        what + " needs " + format_bytes(need.bytes) + " (" +
        plane_text(model.peak_plane(need.micro_batch, groups), need.micro_batch, groups) + ")" +
        margin_text(model, need) + ", the limit is " + format_bytes(need.device.limit_bytes) +
        "; it would fit with a limit of " + format_bytes(need.limit_bytes);
    const std::int64_t group = fitting_group(input, model, need.device);
    if (input.micro_batch == 0 && group > 0)
        text += " or with bn: ghost(" + std::to_string(group) + ")";
    return fail(Errc::refused, text);
}

bool are_equal(std::span<const Device> devices) {
    return std::all_of(devices.begin(), devices.end(), [&devices](const Device& device) {
        return device == devices.front();
    });
}

/// One combination of world size, shares and variant.
class Candidate {
public:
    Candidate(const SearchInput& input, const Variant& variant, int world_size)
        : input_(input),
          variant_(variant),
          devices_(std::span(input.devices).first(static_cast<std::size_t>(world_size))),
          plan_(bare_plan(input, world_size)) {}

    /// Unequal shares; false when they leave a rank without any.
    bool share_by(const std::vector<double>& weights) {
        const auto shares =
            rank_shares(input_.global_batch, largest_group(plan_), plan_.world_size, weights);
        for (const Range& share : shares) {
            const std::int64_t units = units_in(share);
            if (units == 0) return false;
            plan_.ranks.push_back({.units = units, .micro_batch = 0});
        }
        return true;
    }

    /// The micro-batches. Errors: Errc::refused.
    Result<Choice> complete() {
        Choice choice;
        for (int rank = 0; rank < plan_.world_size; ++rank) {
            if (auto added = add_rank(choice, rank); !added) return added.error();
        }
        if (auto settled = settle(choice); !settled) return settled.error();
        return choice;
    }

    /// Samples a second of each device at the largest micro-batch that it holds.
    [[nodiscard]] std::vector<double> rates() const {
        std::vector<double> rates;
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            const std::int64_t limit = limit_of(devices_[i]);
            const std::int64_t fitting =
                largest_micro_batch(input_, variant_.peak, plan_, static_cast<int>(i), limit);
            const std::int64_t even =
                std::max<std::int64_t>(1, input_.global_batch / plan_.world_size);
            const std::int64_t m = std::clamp<std::int64_t>(fitting, 1, even);
            rates.push_back(
                devices_[i].speed * static_cast<double>(m) / variant_.time.micro_batches(1, m)
            );
        }
        return rates;
    }

private:
    [[nodiscard]] std::int64_t units_in(const Range& share) const {
        if (plan_.group == 0) return share.size();
        std::int64_t begin = 0, units = 0;
        for (const std::int64_t size : group_sizes(plan_.global_batch, plan_.group)) {
            units += begin >= share.begin && begin < share.end ? 1 : 0;
            begin += size;
        }
        return units;
    }

    Result<void> add_rank(Choice& choice, int rank) {
        const auto index = static_cast<std::size_t>(rank);
        const Device& device = devices_[index];
        std::int64_t m = largest_micro_batch(input_, variant_.peak, plan_, rank, limit_of(device));
        const std::int64_t smallest = std::max<std::int64_t>(1, largest_group(plan_));
        const std::int64_t asked = input_.micro_batch;
        if (asked != 0 && asked < smallest) {
            const auto why = make_plan(plan_.global_batch, plan_.group, plan_.world_size, asked);
            if (!why) return why.error();
        }
        if (m == 0 || m < std::min(asked, input_.global_batch)) {
            const std::int64_t tried = asked == 0 ? smallest : asked;
            Plan wanted = plan_;
            wanted.micro_batch = tried;
            for (RankSplit& split : wanted.ranks) split.micro_batch = tried;
            const std::int64_t bytes =
                predicted_peak(variant_.peak, wanted, rank, input_.last_batch);
            const std::int64_t limit = limit_for(input_, variant_.peak, wanted, rank);
            return refusal(input_, variant_.peak, {tried, bytes, limit, device});
        }
        if (asked != 0) m = asked;
        plan_.micro_batch = m;
        if (!plan_.ranks.empty()) plan_.ranks[index].micro_batch = m;
        const auto micro_batches = micro_batches_of(plan_, rank, plan_.global_batch);
        RankChoice& added = choice.ranks.emplace_back();
        for (const MicroBatch& micro : micro_batches) {
            added.samples += micro.samples.size();
            added.micro_batch = std::max(added.micro_batch, micro.samples.size());
        }
        added.accumulation = std::ssize(micro_batches);
        added.limit_bytes = device.limit_bytes;
        // Groups differ by one: those of an epoch's last batch may be larger than this rank's.
        if (!plan_.ranks.empty())
            plan_.ranks[index].micro_batch = std::max(smallest, added.micro_batch);
        return {};
    }

    /// What the ranks have in common, once all are known.
    Result<void> settle(Choice& choice) {
        std::int64_t most = 0;
        for (const RankChoice& rank : choice.ranks) most = std::max(most, rank.micro_batch);
        const auto plan = make_plan(plan_.global_batch, plan_.group, plan_.world_size, most);
        if (!plan) return plan.error();
        const auto ranks = plan_.ranks;
        plan_ = *plan;
        plan_.ranks = ranks;
        plan_.micro_batch = most;
        plan_.accumulation = 0;
        double slowest = 0;
        for (std::size_t i = 0; i < choice.ranks.size(); ++i) {
            RankChoice& rank = choice.ranks[i];
            plan_.accumulation = std::max(plan_.accumulation, rank.accumulation);
            rank.predicted_peak_bytes =
                predicted_peak(variant_.peak, plan_, static_cast<int>(i), input_.last_batch);
            const double seconds = variant_.time.micro_batches(rank.accumulation, rank.samples);
            slowest = std::max(slowest, seconds / devices_[i].speed);
            choice.predicted_peak_bytes =
                std::max(choice.predicted_peak_bytes, rank.predicted_peak_bytes);
            if (rank.limit_bytes != 0 &&
                (choice.limit_bytes == 0 || rank.limit_bytes < choice.limit_bytes))
                choice.limit_bytes = rank.limit_bytes;
        }
        choice.plan = plan_;
        choice.recompute = variant_.recompute;
        choice.step_seconds =
            slowest + variant_.time.update + variant_.time.reduction(plan_.world_size);
        return {};
    }

    const SearchInput& input_;
    const Variant& variant_;
    std::span<const Device> devices_;
    Plan plan_;
};

bool is_better(const Choice& a, const Choice& b) {
    if (a.step_seconds < b.step_seconds * (1 - kTie)) return true;
    if (b.step_seconds < a.step_seconds * (1 - kTie)) return false;
    if (a.predicted_peak_bytes != b.predicted_peak_bytes)
        return a.predicted_peak_bytes < b.predicted_peak_bytes;
    return a.plan.accumulation < b.plan.accumulation;
}

/// The ways to share that are worth a look.
std::vector<Candidate> candidates_of(
    const SearchInput& input, const Variant& variant, int world_size
) {
    const Candidate even(input, variant, world_size);
    const auto devices = std::span(input.devices).first(static_cast<std::size_t>(world_size));
    if (are_equal(devices)) return {even};
    std::vector<double> equal(devices.size(), 1.0), speeds;
    for (const Device& device : devices) speeds.push_back(device.speed);
    std::vector<Candidate> result;
    for (const auto& weights : {equal, speeds, even.rates()}) {
        Candidate candidate = even;
        if (candidate.share_by(weights)) result.push_back(std::move(candidate));
    }
    return result;
}

/// Of the rank that has the least left.
std::string fits_text(const Choice& choice) {
    const auto headroom = [](const RankChoice& rank) {
        return 1 - static_cast<double>(rank.predicted_peak_bytes) /
                       static_cast<double>(rank.limit_bytes);
    };
    const RankChoice* tightest = nullptr;
    for (const RankChoice& rank : choice.ranks) {
        if (rank.limit_bytes == 0) continue;
        if (tightest == nullptr || headroom(rank) < headroom(*tightest)) tightest = &rank;
    }
    if (tightest == nullptr) {
        return "micro-batches of " + std::to_string(choice.plan.micro_batch) + " need " +
               format_bytes(choice.predicted_peak_bytes) + "; no memory limit is set";
    }
    char percent[32];
    std::snprintf(percent, sizeof percent, " (%.1f %% free)", headroom(*tightest) * 100);
    return "micro-batches of " + std::to_string(tightest->micro_batch) + " need " +
           format_bytes(tightest->predicted_peak_bytes) + " of " +
           format_bytes(tightest->limit_bytes) + percent;
}

}  // namespace

std::int64_t predicted_peak(
    const MemoryModel& model, const Plan& plan, int rank, std::int64_t last_batch
) {
    const std::int64_t full = peak_of(model, micro_batches_of(plan, rank, plan.global_batch));
    if (last_batch == 0) return full;
    return std::max(full, peak_of(model, micro_batches_of(plan, rank, last_batch)));
}

std::int64_t largest_fitting(
    const SearchInput& input,
    const MemoryModel& model,
    const Plan& plan,
    int rank,
    const Device& device
) {
    return largest_micro_batch(input, model, plan, rank, limit_of(device));
}

Result<std::int64_t> smallest_limit(
    const SearchInput& input, const MemoryModel& model, int world_size
) {
    auto plan = make_plan(input.global_batch, input.group, world_size, input.micro_batch);
    if (!plan) return plan.error();
    if (input.micro_batch == 0) plan->micro_batch = std::max<std::int64_t>(1, largest_group(*plan));
    std::int64_t most = 0;
    for (int rank = 0; rank < world_size; ++rank)
        most = std::max(most, limit_for(input, model, *plan, rank));
    return most;
}

Result<Choice> search_plan(const SearchInput& input, std::span<const Variant> variants) {
    std::optional<Choice> best;
    std::optional<Error> why_not;
    for (const int world_size : input.world_sizes) {
        const auto possible = make_plan(input.global_batch, input.group, world_size, 0);
        if (!possible || world_size > std::ssize(input.devices)) {
            if (!why_not && !possible) why_not = possible.error();
            continue;
        }
        for (const Variant& variant : variants) {
            for (Candidate& candidate : candidates_of(input, variant, world_size)) {
                auto choice = candidate.complete();
                if (!choice && !why_not) why_not = choice.error();
                if (choice && (!best || is_better(*choice, *best))) best = std::move(*choice);
            }
        }
    }
    if (!best) {
        return why_not ? *why_not
                       : fail(Errc::refused, "there are fewer devices than world_size asks for");
    }
    best->why = fits_text(*best);
    return std::move(*best);
}

}  // namespace bw::plan
