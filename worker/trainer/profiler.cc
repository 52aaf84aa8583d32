#include "worker/trainer/profiler.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/memory/profile_file.h"
#include "worker/trainer/probe.h"
#include "worker/trainer/profile_subject.h"

namespace bw::trainer {
namespace {

constexpr std::int64_t kProbeSmall = 4, kProbeLarge = 8;
constexpr std::int64_t kProbeLarger = 12;  // where these two run different kernels
constexpr std::int64_t kKnownBorder = 16;  // of kernels: with one thread 1x1 convolutions change

std::filesystem::path file_of(const Training& training) {
    return std::filesystem::path(training.start.profiles_dir) /
           (plan::profile_key(subject_of(training)) + ".profile");
}

/// What is known of a job of which one sample does not fit.
Error nothing_fits(const Error& last) {
    const auto& memory = CappedAllocator::get();
    const std::int64_t live = memory.live_bytes(), limit = memory.limit();
    std::string why = "one sample does not fit: " + last.message;
    if (live >= limit) {
        why = "weights, gradients, the optimizer's state and buffers take " + format_bytes(live) +
              " before the first sample, the limit is " + format_bytes(limit) +
              "; it would need more than " + format_bytes(live);
    }
    return fail(Errc::refused, why);
}

/// Sizes that most likely run the kernels of this one: on its side of the known border, not so near
/// that the bytes of a sample drown in rounding.
std::vector<std::int64_t> sizes_beside(std::int64_t samples) {
    std::vector<std::int64_t> sizes;
    if (samples > kKnownBorder) sizes = {std::max(kKnownBorder, samples - samples / 4)};
    if (samples == kKnownBorder) sizes = {samples + samples / 8};
    if (samples < kKnownBorder) sizes = {samples / 2};
    sizes.push_back(samples - 1);
    if (sizes[0] == sizes[1]) sizes.pop_back();
    std::erase(sizes, 0);
    return sizes;
}

/// Where micro-batches of two sizes were all that could be seen, a line through their phases'
/// peaks.
plan::Regime by_phases(std::int64_t samples, plan::PeakModel peak) {
    return {.smallest = samples, .largest = samples, .sequence = "", .peak = std::move(peak)};
}

plan::Regime fitted(const plan::Observations& seen, plan::PeakModel peak) {
    const auto [smallest, largest] =
        std::ranges::minmax(seen.micro_batches, {}, &plan::Observation::samples);
    const bool is_exact = peak.exactness() == plan::Exactness::exact;
    return {
        .smallest = smallest.samples,
        .largest = largest.samples,
        .sequence = is_exact ? plan::sequence_digest(seen.micro_batches.front()) : "",
        .peak = std::move(peak)};
}

bool have_different_kernels(const plan::Observations& seen) {
    const auto& micro_batches = seen.micro_batches;
    return plan::sequence_digest(micro_batches.front()) !=
           plan::sequence_digest(micro_batches.back());
}

/// Of all that was seen. Nothing where it was one size only.
std::optional<plan::Regime> regime_of(const plan::Observations& seen) {
    auto exact = plan::PeakModel::fit(seen);
    if (exact) return fitted(seen, std::move(*exact));
    std::fprintf(stderr, "memory: %s\n", exact.error().message.c_str());
    auto phases = plan::PeakModel::fit_phases(seen);
    if (!phases) return std::nullopt;
    return fitted(seen, std::move(*phases));
}

/// Of one size: what is above the base goes with it.
plan::Regime regime_of_one(const plan::MemoryTrace& trace, std::int64_t samples) {
    const auto base = static_cast<double>(trace.base_bytes);
    const auto peak = static_cast<double>(plan::peak_of(trace));
    const double per_sample = (peak - base) / static_cast<double>(samples);
    return by_phases(samples, plan::PeakModel({{base, per_sample, 0}}, plan::Exactness::by_phase));
}

}  // namespace

Result<plan::Profile> Profiler::known() const {
    if (training_.start.profiles_dir.empty()) return fail(Errc::not_found, "no profile is kept");
    auto profile = read_profile(file_of(training_));
    if (profile && profile->network != network_digest(*training_.network))
        return fail(Errc::version_mismatch, "the profile is of another network of that name");
    return profile;
}

Result<plan::MemoryTrace> Profiler::probe_once(std::int64_t samples, double& seconds) {
    ++probe_steps_;
    auto record = probe(training_, samples);
    if (!record) {
        ++probe_ooms_;
        return record.error();
    }
    seconds = record->micro_batch_seconds;
    return std::move(record->trace);
}

plan::Profile Profiler::bare_profile() const {
    plan::Profile profile;
    profile.key = plan::profile_key(subject_of(training_));
    profile.network = network_digest(*training_.network);
    profile.recompute = training_.recomputed_segments;
    profile.static_bytes = CappedAllocator::get().live_bytes();
    for (const auto& bucket : training_.parameters->buckets())
        profile.time.reduced_bytes += static_cast<double>(bucket.gradients.nbytes());
    return profile;
}

Result<plan::Profile> Profiler::traced() {
    std::int64_t small = kProbeSmall;
    double small_seconds = 0, large_seconds = 0;
    auto first = probe_once(small, small_seconds);
    while (!first && small > 1) first = probe_once(small /= 2, small_seconds);
    if (!first) return nothing_fits(first.error());
    std::int64_t large = small == kProbeSmall ? kProbeLarge : small * 2;
    auto second = probe_once(large, large_seconds);
    if (!second && small > 1) second = probe_once(large = small / 2, large_seconds);
    plan::Profile profile = bare_profile();
    if (!second) {
        profile.peak.learn(regime_of_one(*first, small));
        return profile;
    }
    const double reduced_bytes = profile.time.reduced_bytes;
    profile.time = plan::fit_times(small, small_seconds, large, large_seconds);
    profile.time.reduced_bytes = reduced_bytes;
    std::vector<plan::MemoryTrace> traces = {*first, *second};
    const plan::Observations seen = plan::observe(traces);
    const auto regime = regime_of(seen);
    profile.peak.learn(regime ? *regime : regime_of_one(*first, small));
    const bool is_below_a_border = large == kProbeLarge && have_different_kernels(seen);
    if (is_below_a_border) learn_above(profile, *second);
    return profile;
}

/// The small probe's kernels are its own: those of the large one, and of what is larger still.
void Profiler::learn_above(plan::Profile& profile, const plan::MemoryTrace& large) {
    double seconds = 0;
    auto larger = probe_once(kProbeLarger, seconds);
    if (!larger) return;
    const std::vector<plan::MemoryTrace> traces = {large, std::move(*larger)};
    const plan::Observations seen = plan::observe(traces);
    if (have_different_kernels(seen)) return;
    const auto regime = regime_of(seen);
    const plan::MemoryModel before = profile.peak;
    if (!regime || before.regimes().size() != 1) return;
    profile.peak = plan::MemoryModel();
    profile.peak.learn(by_phases(kProbeSmall, before.regimes().front().peak));
    profile.peak.learn(*regime);
}

Result<void> Profiler::learn_kernels(plan::Profile& profile, const plan::Observation& micro_batch) {
    const std::string sequence = plan::sequence_digest(micro_batch);
    Result<void> outcome = fail(Errc::unsupported, "there is no other size to compare with");
    std::optional<plan::PeakModel> phases;
    for (const std::int64_t samples : sizes_beside(micro_batch.samples)) {
        double seconds = 0;
        auto trace = probe_once(samples, seconds);
        if (!trace) {
            outcome = trace.error();
            continue;
        }
        plan::Observations around = plan::observe({&*trace, 1});
        const bool is_same = plan::sequence_digest(around.micro_batches.front()) == sequence;
        around.micro_batches.push_back(micro_batch);
        if (is_same) {
            if (const auto regime = regime_of(around)) profile.peak.learn(*regime);
            return {};
        }
        if (auto line = plan::PeakModel::fit_phases(around)) phases = std::move(*line);
    }
    if (!phases) return outcome;
    profile.peak.learn(by_phases(micro_batch.samples, std::move(*phases)));
    return {};
}

void Profiler::keep(const plan::Profile& profile) const {
    if (training_.start.profiles_dir.empty()) return;
    const auto path = file_of(training_);
    const auto there = read_profile(path);
    const auto written = write_profile(path, there ? plan::merged(*there, profile) : profile);
    if (!written) std::fprintf(stderr, "memory: %s\n", written.error().message.c_str());
}

}  // namespace bw::trainer
