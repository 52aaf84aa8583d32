#include "worker/trainer/measurement.h"

#include <utility>
#include <vector>

#include "worker/trainer/memory/capped_allocator.h"
#include "worker/trainer/probe.h"
#include "worker/trainer/profiler.h"

namespace bw::trainer {
namespace {

/// The profile, once it also knows the step.
void take_up(Profiler& profiler, Measurement& measured, std::int64_t samples) {
    plan::Profile& profile = measured.profile;
    const auto seen = plan::observe({&measured.trace, 1}).micro_batches;
    auto peak = plan::with_sizes_of(profile.peak, seen);
    const bool is_confirmed = peak && plan::is_within_margin(
                                          *peak,
                                          {.samples = samples,
                                           .predicted = peak->peak(samples, measured.groups),
                                           .measured = measured.peak_bytes}
                                      );
    if (is_confirmed) {
        profile.peak = std::move(*peak);
    } else {
        (void)profiler.learn_kernels(profile, seen.front());
    }
    plan::note_confirmed(profile, {samples, measured.groups, measured.peak_bytes});
}

}  // namespace

Result<Measurement> measure(Training& training, const MeasureOptions& options) {
    Profiler profiler(training);
    auto traced = profiler.traced();
    if (!traced) return traced.error();
    Measurement measured;
    measured.before = traced->peak;
    measured.profile = std::move(*traced);
    const plan::MicroBatch micro{
        .samples = {0, options.samples},
        .group_sizes = plan::group_sizes(options.samples, training.plan.group)};
    if (options.limit_bytes > 0) CappedAllocator::get().set_limit(options.limit_bytes);
    auto record = probe(training, std::vector{micro, micro});
    for (int step = 1; step < options.steps && record; ++step)
        record = probe(training, std::vector{micro, micro});
    if (!record) return record.error();
    measured.groups = std::ssize(micro.group_sizes);
    measured.trace = std::move(record->trace);
    measured.predicted_peak_bytes = measured.before.peak(options.samples, measured.groups);
    measured.peak_bytes = plan::peak_of(measured.trace);
    take_up(profiler, measured, options.samples);
    profiler.keep(measured.profile);
    return measured;
}

}  // namespace bw::trainer
