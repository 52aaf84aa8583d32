#include "worker/trainer/calibration.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "worker/trainer/gang_text.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/profile_subject.h"

namespace bw::trainer {
namespace {

constexpr int kRounds = 3;  // of confirming before the plan is taken as it is

CappedAllocator& memory() { return CappedAllocator::get(); }

/// Not within a step: the sampler has one order at a time, and a step looks at its batch in it.
std::int64_t last_batch_of(Training& training) {
    auto& sampler = *training.sampler;
    const auto last = std::ssize(sampler.batch(sampler.steps_per_epoch() - 1));
    return last == training.plan.global_batch ? 0 : last;
}

}  // namespace

Calibration::Calibration(Training& training)
    : training_(training),
      profiler_(training),
      last_batch_(last_batch_of(training)),
      script_(training.start.rank) {}

Result<void> Calibration::share_limits(std::int64_t mine) {
    devices_.clear();
    report_.limit_bytes = 0;
    const auto world = static_cast<std::size_t>(training_.collective->world_size());
    std::vector<double> limits(world, 0.0);
    limits[static_cast<std::size_t>(training_.start.rank)] = static_cast<double>(mine);
    if (auto shared = share_numbers(*training_.collective, limits); !shared) return shared;
    for (const double limit : limits) {
        const auto bytes = static_cast<std::int64_t>(limit);
        devices_.push_back({.limit_bytes = bytes, .speed = 1});
        if (bytes > 0 && (report_.limit_bytes == 0 || bytes < report_.limit_bytes))
            report_.limit_bytes = bytes;
    }
    return {};
}

Result<void> Calibration::begin() {
    if (training_.start.device != "cpu") return {};  // a GPU's allocator records no events yet
    if (auto shared = share_limits(training_.start.memory_limit_bytes); !shared) return shared;
    memory().set_limit(training_.start.memory_limit_bytes);
    if (!is_active()) return {};
    training_.stepper->set_fit([this] { return fitting(); });
    rounds_left_ = kRounds;
    training_.stage->reserve(0);
    auto planned = plan_once();
    const bool may_recompute = training_.params.recompute == RecomputePolicy::automatic;
    if (planned || planned.error().code != Errc::refused || !may_recompute) return planned;
    recompute_activations(training_);
    if (training_.recomputed_segments == 0) return tell_there_are_no_segments(planned);
    if (training_.is_first_rank())
        std::fprintf(stderr, "memory: %s\n", planned.error().message.c_str());
    const auto again = plan_once();
    if (again) return again;
    return fail(
        again.error().code,
        planned.error().message + "; with activations computed again in " +
            std::to_string(training_.recomputed_segments) + " segments: " + again.error().message
    );
}

/// So that nobody tries this network again: nothing changes by computing again.
Result<void> Calibration::tell_there_are_no_segments(const Result<void>& planned) {
    if (training_.is_first_rank() && !profile_.peak.is_empty()) {
        profile_.key = plan::profile_key(subject_of(training_));
        news_.push_back(plan::to_text(profile_));
        profiler_.keep(profile_);
    }
    return planned;
}

/// With the activations kept or computed again, as it is set now. The same outcome on every rank.
Result<void> Calibration::plan_once() {
    return adopt(training_.is_first_rank() ? first_profile() : std::string());
}

/// Rank 0: from the cache, or traced now.
Result<std::string> Calibration::first_profile() {
    auto known = profiler_.known();
    const bool is_new = !known;
    if (is_new) known = profiler_.traced();
    note_probes();
    if (!known) return known.error();
    profile_ = std::move(*known);
    if (is_new) profiler_.keep(profile_);
    known_ = plan::to_text(profile_);
    news_.push_back(known_);
    return known_;
}

void Calibration::note_probes() {
    report_.probe_steps = profiler_.probe_steps();
    report_.probe_ooms = profiler_.probe_ooms() + report_.probe_ooms_in_steps;
}

/// Rank 0's profile for all ranks, and the plan that all of them find with it.
Result<void> Calibration::adopt(const Result<std::string>& mine) {
    auto text = share_text(*training_.collective, training_.start.rank, mine);
    if (!text) return text.error();
    auto profile = plan::parse_profile(*text);
    if (!profile) return profile.error();
    profile_ = std::move(*profile);
    auto choice = choose();
    if (!choice) return choice.error();
    take(*choice);
    if (training_.is_first_rank()) {
        std::fprintf(stderr, "memory: %s\n", choice->why.c_str());
    }
    return {};
}

void Calibration::take(const plan::Choice& choice) {
    report_.predicted_peak_bytes = choice.predicted_peak_bytes;
    training_.stepper->set_plan(choice.plan);
}

plan::SearchInput Calibration::search_input() const {
    plan::SearchInput input{
        .global_batch = training_.plan.global_batch, .group = training_.plan.group};
    input.last_batch = last_batch_;
    input.micro_batch = training_.batch_norm->pins_micro_batch()
                            ? training_.plan.micro_batch
                            : training_.start.asked_micro_batch;
    input.world_sizes = {training_.collective->world_size()};
    input.devices = devices_;
    return input;
}

Result<plan::Choice> Calibration::choose() const {
    const plan::SearchInput input = search_input();
    const plan::Variant as_it_runs = plan::variant_of(profile_);
    return plan::search_plan(input, {&as_it_runs, 1});
}

RankMemory Calibration::own_memory() const {
    if (!is_active()) return {};
    const int rank = training_.start.rank;
    return {
        .predicted_peak_bytes =
            plan::predicted_peak(profile_.peak, training_.stepper->plan(), rank, last_batch_),
        .limit_bytes = devices_[static_cast<std::size_t>(rank)].limit_bytes};
}

/// Under the limit as it is now, which may not be what it was.
std::int64_t Calibration::fitting() const {
    if (profile_.peak.is_empty()) return 0;
    return plan::largest_fitting(
        search_input(),
        profile_.peak,
        training_.stepper->plan(),
        training_.start.rank,
        {.limit_bytes = memory().limit(), .speed = 1}
    );
}

/// After steps that did not fit the prediction is another; after enough that did, all ranks look
/// whether the limits as they are now have room for more.
Result<void> Calibration::follow_memory() {
    auto& stepper = *training_.stepper;
    const std::int64_t step = training_.state.step;
    if (stepper.counters().replans != replans_seen_) {
        replans_seen_ = stepper.counters().replans;
        regrowth_.shrank(step, micro_batch_before_);
        report_.predicted_peak_bytes = 0;
        for (int rank = 0; rank < stepper.plan().world_size; ++rank) {
            const auto peak =
                plan::predicted_peak(profile_.peak, stepper.plan(), rank, last_batch_);
            report_.predicted_peak_bytes = std::max(report_.predicted_peak_bytes, peak);
        }
        return {};
    }
    if (!regrowth_.is_due(step)) return {};
    if (auto shared = share_limits(memory().limit()); !shared) return shared;
    const auto choice = choose();
    const std::int64_t now = stepper.plan().micro_batch;
    if (!choice || choice->plan.micro_batch <= now ||
        regrowth_.is_banned(choice->plan.micro_batch)) {
        regrowth_.stayed(step);
        return {};
    }
    take(*choice);
    ++report_.replans;
    regrowth_.grew(step, choice->plan.micro_batch);
    if (training_.is_first_rank())
        std::fprintf(stderr, "memory: there is room again: %s\n", choice->why.c_str());
    return {};
}

void Calibration::before_step() {
    if (const auto limit = script_.at(training_.state.step)) memory().set_limit(*limit);
    micro_batch_before_ = training_.stepper->plan().micro_batch;
    if (!is_active() || rounds_left_ == 0) return;
    failures_before_ = training_.stepper->counters().out_of_memory;
    if (training_.is_first_rank()) memory().begin_recording();
}

Result<void> Calibration::after_step() {
    if (!is_active()) return {};
    if (rounds_left_ == 0) return follow_memory();
    --rounds_left_;
    report_.probe_ooms_in_steps += training_.stepper->counters().out_of_memory - failures_before_;
    const plan::Plan before = training_.stepper->plan();
    Result<std::string> mine = std::string();
    if (training_.is_first_rank() && corrects_profile(before)) mine = plan::to_text(profile_);
    note_probes();
    auto text = share_text(*training_.collective, training_.start.rank, mine);
    if (!text) return text.error();
    if (text->empty()) return settle();
    if (auto adopted = adopt(*text); !adopted) return adopted;
    report_.replans += training_.stepper->plan() == before ? 0 : 1;
    return {};
}

/// The plan is as good as it gets.
Result<void> Calibration::settle() {
    rounds_left_ = 0;
    if (!training_.is_first_rank()) return {};
    const std::string text = plan::to_text(profile_);
    if (text == known_) return {};
    profiler_.keep(profile_);
    known_ = text;
    news_.push_back(text);
    return {};
}

/// Rank 0: the recorded step was not what the profile says, and now the profile says it.
bool Calibration::corrects_profile(const plan::Plan& plan) {
    const plan::MemoryTrace trace = memory().end_recording();
    const std::int64_t m = plan.ranks.empty() ? plan.micro_batch : plan.ranks.front().micro_batch;
    auto micro_batches = plan::observe({&trace, 1}).micro_batches;
    std::erase_if(micro_batches, [m](const plan::Observation& micro) {
        return micro.samples > m || micro.backward == 0;  // of a try that did not fit
    });
    if (is_confirmed(micro_batches) || rounds_left_ == 0 || micro_batches.empty()) return false;
    const auto largest = std::ranges::max_element(micro_batches, {}, &plan::Observation::samples);
    return profiler_.learn_kernels(profile_, *largest).has_value();
}

bool Calibration::is_confirmed(const std::vector<plan::Observation>& micro_batches) {
    auto peak = plan::with_sizes_of(profile_.peak, micro_batches);
    if (!peak) return false;
    const std::int64_t measured = training_.stepper->counters().peak_bytes;
    const std::int64_t predicted =
        plan::predicted_peak(*peak, training_.stepper->plan(), 0, last_batch_);
    const std::int64_t samples =
        micro_batches.empty() ? 0 : micro_batches.front().samples;  // the largest is first
    if (!plan::is_within_margin(*peak, {samples, predicted, measured})) return false;
    profile_.peak = std::move(*peak);
    if (!micro_batches.empty()) {
        const auto& micro = micro_batches.front();
        plan::note_confirmed(profile_, {micro.samples, micro.groups, measured});
    }
    return true;
}

}  // namespace bw::trainer
