#include "worker/trainer/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/version.h"
#include "worker/trainer/gang_text.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/memory/profile_file.h"
#include "worker/trainer/probe.h"

namespace bw::trainer {
namespace {

constexpr std::int64_t kProbeSmall = 4, kProbeLarge = 8;
constexpr double kTolerance = 0.005;  // of a prediction
constexpr int kRounds = 3;            // of confirming before the plan is taken as it is

CappedAllocator& memory() { return CappedAllocator::get(); }

std::string optimizer_text(const TrainingParams& params) {
    const auto& spec = params.optimizer;
    return plan::optimizer_text(
        {.kind = name_of(spec.kind),
         .momentum = spec.momentum,
         .weight_decay = spec.weight_decay,
         .nesterov = spec.nesterov == Nesterov::yes,
         .clip_norm = params.clip_norm,
         .label_smoothing = params.label_smoothing,
         .sam_rho = params.sharpness.rho,
         .sam_adaptive = params.sharpness.adaptive}
    );
}

plan::ProfileSubject subject_of(const Training& training) {
    const auto& loader = *training.train_loader;
    const auto& params = training.params;
    return {
        .model = params.model,
        .classes = loader.dataset().info->classes,
        .channels = loader.dataset().channels,
        .height = loader.height(),
        .width = loader.width(),
        .precision = params.precision == Precision::fp64 ? "fp64" : "fp32",
        .optimizer = optimizer_text(params),
        .bn = training.batch_norm->has_layers() ? training.start.bn : "",
        .device = training.start.device,
        .threads = training.start.threads,
        .torch = std::string(bw::torch_version())};
}

/// Names, shapes and types: whether a profile is of this very network.
std::string network_digest(const torch::nn::Module& network) {
    Sha256 hash;
    for (const auto& [name, tensor] : weights_of(network)) {
        hash.update(name + " " + c10::toString(tensor.scalar_type()));
        for (const auto size : tensor.sizes()) hash.update(" " + std::to_string(size));
        hash.update("\n");
    }
    return hash.hex_digest();
}

/// Not within a step: the sampler has one order at a time, and a step looks at its batch in it.
std::int64_t last_batch_of(Training& training) {
    auto& sampler = *training.sampler;
    const auto last = std::ssize(sampler.batch(sampler.steps_per_epoch() - 1));
    return last == training.plan.global_batch ? 0 : last;
}

std::filesystem::path file_of(const Training& training) {
    return std::filesystem::path(training.start.profiles_dir) /
           (plan::profile_key(subject_of(training)) + ".profile");
}

/// What is known of a job of which one sample does not fit.
Error nothing_fits(const Error& last) {
    const std::int64_t live = memory().live_bytes(), limit = memory().limit();
    std::string why = "one sample does not fit: " + last.message;
    if (live >= limit) {
        why = "weights, gradients, the optimizer's state and buffers take " + format_bytes(live) +
              " before the first sample, the limit is " + format_bytes(limit) +
              "; it would need more than " + format_bytes(live);
    }
    return fail(Errc::refused, why);
}

}  // namespace

Calibration::Calibration(Training& training)
    : training_(training), last_batch_(last_batch_of(training)), script_(training.start.rank) {}

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
    return adopt(training_.is_first_rank() ? first_profile() : std::string());
}

/// Rank 0: from the cache, or traced now.
Result<std::string> Calibration::first_profile() {
    auto known = known_profile();
    const bool is_new = !known;
    if (is_new) known = traced_profile();
    if (!known) return known.error();
    profile_ = std::move(*known);
    if (is_new) keep_profile();
    news_ = plan::to_text(profile_);
    return *news_;
}

Result<plan::Profile> Calibration::known_profile() const {
    if (training_.start.profiles_dir.empty()) return fail(Errc::not_found, "no profile is kept");
    auto profile = read_profile(file_of(training_));
    if (profile && profile->network != network_digest(*training_.network))
        return fail(Errc::version_mismatch, "the profile is of another network of that name");
    return profile;
}

Result<plan::MemoryTrace> Calibration::probe_once(std::int64_t samples, double& seconds) {
    ++report_.probe_steps;
    auto record = probe(training_, samples);
    if (!record) {
        ++report_.probe_ooms;
        return record.error();
    }
    seconds = record->micro_batch_seconds;
    return std::move(record->trace);
}

/// At 4 and 8 samples; where that does not fit at less.
Result<plan::Profile> Calibration::traced_profile() {
    std::int64_t small = kProbeSmall;
    double small_seconds = 0, large_seconds = 0;
    auto first = probe_once(small, small_seconds);
    while (!first && small > 1) first = probe_once(small /= 2, small_seconds);
    if (!first) return nothing_fits(first.error());
    std::int64_t large = small == kProbeSmall ? kProbeLarge : small * 2;
    auto second = probe_once(large, large_seconds);
    if (!second && small > 1) second = probe_once(large = small / 2, large_seconds);
    std::vector<plan::MemoryTrace> traces = {*first};
    if (second) traces.push_back(*second);
    plan::Profile profile = profile_of(plan::observe(traces));
    if (profile.peak.planes().empty()) {  // one size only: what is above the base goes with it
        const auto base = static_cast<double>(first->base_bytes);
        const auto peak = static_cast<double>(plan::peak_of(*first));
        const double per_sample = (peak - base) / static_cast<double>(small);
        profile.peak = plan::PeakModel({{base, per_sample, 0}}, plan::Exactness::by_phase);
    }
    if (second) profile.time = plan::fit_times(small, small_seconds, large, large_seconds);
    for (const auto& bucket : training_.parameters->buckets())
        profile.time.reduced_bytes += static_cast<double>(bucket.gradients.nbytes());
    return profile;
}

plan::Profile Calibration::profile_of(const plan::Observations& seen) const {
    plan::Profile profile;
    profile.key = plan::profile_key(subject_of(training_));
    profile.network = network_digest(*training_.network);
    profile.static_bytes = memory().live_bytes();
    auto exact = plan::PeakModel::fit(seen);
    if (exact) {
        profile.peak = std::move(*exact);
        profile.sequence = plan::sequence_digest(seen.micro_batches.front());
        return profile;
    }
    std::fprintf(stderr, "memory: %s\n", exact.error().message.c_str());
    if (auto phases = plan::PeakModel::fit_phases(seen)) profile.peak = std::move(*phases);
    return profile;
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
    const plan::Variant plain{.recompute = 0, .peak = profile_.peak, .time = profile_.time};
    return plan::search_plan(input, {&plain, 1});
}

/// Under the limit as it is now, which may not be what it was.
std::int64_t Calibration::fitting() const {
    if (profile_.peak.planes().empty()) return 0;
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
    const std::int64_t failures = training_.stepper->counters().out_of_memory - failures_before_;
    report_.probe_ooms += failures;
    report_.probe_ooms_in_steps += failures;
    const plan::Plan before = training_.stepper->plan();
    Result<std::string> mine = std::string();
    if (training_.is_first_rank()) {
        const plan::MemoryTrace trace = memory().end_recording();
        plan::Observations seen = plan::observe({&trace, 1});
        std::erase_if(seen.micro_batches, [&before](const plan::Observation& micro) {
            return micro.samples != before.micro_batch || micro.backward == 0;
        });
        if (rounds_left_ > 0 && !is_confirmed(seen)) {
            if (auto around = profile_around(before.micro_batch, std::move(seen)))
                mine = plan::to_text(*around);
        }
    }
    auto text = share_text(*training_.collective, training_.start.rank, mine);
    if (!text) return text.error();
    if (text->empty()) {
        rounds_left_ = 0;
        keep_profile();
        if (is_refitted_) news_ = plan::to_text(profile_);
        return {};
    }
    is_refitted_ = training_.is_first_rank();
    if (auto adopted = adopt(*text); !adopted) return adopted;
    report_.replans += training_.stepper->plan() == before ? 0 : 1;
    return {};
}

bool Calibration::is_confirmed(const plan::Observations& seen) {
    const auto measured = static_cast<double>(training_.stepper->counters().peak_bytes);
    const auto& plan = training_.stepper->plan();
    const auto predicted =
        static_cast<double>(plan::predicted_peak(profile_.peak, plan, 0, last_batch_));
    const bool same_kernels =
        profile_.sequence.empty() || seen.micro_batches.empty() ||
        plan::sequence_digest(seen.micro_batches.front()) == profile_.sequence;
    const bool by_phase = profile_.peak.exactness() == plan::Exactness::by_phase;
    const double tolerance = by_phase ? profile_.peak.margin() : kTolerance;
    if (!same_kernels || std::abs(measured - predicted) > predicted * tolerance) return false;
    if (!seen.micro_batches.empty()) {
        const auto& micro = seen.micro_batches.front();
        profile_.confirmed.push_back(
            {micro.samples, micro.groups, training_.stepper->counters().peak_bytes}
        );
    }
    return true;
}

/// Other kernels ran than in the probes: a profile from this micro-batch and half of it.
Result<plan::Profile> Calibration::profile_around(std::int64_t samples, plan::Observations seen) {
    const std::int64_t half = samples / 2;
    if (half == 0 || seen.micro_batches.empty())
        return fail(Errc::unsupported, "there is no smaller micro-batch to compare with");
    double seconds = 0;
    auto trace = probe_once(half, seconds);
    if (!trace) return trace.error();
    plan::Observations around = plan::observe({&*trace, 1});
    around.micro_batches.push_back(std::move(seen.micro_batches.front()));
    plan::Profile profile = profile_of(around);
    profile.time = profile_.time;
    return profile;
}

Result<Measurement> Calibration::measure(const MeasureOptions& options) {
    auto traced = traced_profile();
    if (!traced) return traced.error();
    profile_ = std::move(*traced);
    const std::int64_t samples = options.samples;
    plan::MicroBatch micro{
        .samples = {0, samples}, .group_sizes = plan::group_sizes(samples, training_.plan.group)};
    if (options.limit_bytes > 0) memory().set_limit(options.limit_bytes);
    auto record = probe(training_, std::vector{micro, micro});
    for (int step = 1; step < options.steps && record; ++step)
        record = probe(training_, std::vector{micro, micro});
    if (!record) return record.error();
    const auto groups = std::ssize(micro.group_sizes);
    Measurement measured;
    measured.before = profile_.peak;
    measured.trace = std::move(record->trace);
    measured.groups = groups;
    measured.predicted_peak_bytes = profile_.peak.peak(samples, groups);
    measured.peak_bytes = plan::peak_of(measured.trace);
    plan::Observations seen = plan::observe({&measured.trace, 1});
    const bool same_kernels =
        profile_.sequence.empty() ||
        plan::sequence_digest(seen.micro_batches.front()) == profile_.sequence;
    const auto error =
        std::abs(static_cast<double>(measured.peak_bytes - measured.predicted_peak_bytes));
    if (!same_kernels || error > static_cast<double>(measured.peak_bytes) * kTolerance) {
        if (auto around = profile_around(samples, std::move(seen))) profile_ = std::move(*around);
    }
    profile_.confirmed.push_back({samples, groups, measured.peak_bytes});
    keep_profile();
    measured.profile = profile_;
    return measured;
}

void Calibration::keep_profile() {
    if (!training_.is_first_rank() || training_.start.profiles_dir.empty()) return;
    const auto written = write_profile(file_of(training_), profile_);
    if (!written) std::fprintf(stderr, "memory: %s\n", written.error().message.c_str());
}

}  // namespace bw::trainer
