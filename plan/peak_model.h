// How much memory a step takes, for any micro-batch. The peak is no line in m but the largest of
// many: each moment of a step holds fixed bytes, bytes per sample and bytes per BatchNorm group, so
// the peak is the upper hull of a few planes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/trace.h"

namespace bw::plan {

/// One moment of a step: fixed + per_sample * m + per_group * k bytes are live.
struct Plane {
    double fixed = 0, per_sample = 0, per_group = 0;

    [[nodiscard]] double at(std::int64_t samples, std::int64_t groups) const {
        return fixed + per_sample * static_cast<double>(samples) +
               per_group * static_cast<double>(groups);
    }

    friend bool operator==(const Plane&, const Plane&) = default;
};

enum class Exactness {
    exact,     // every allocation was matched: the planes are the replay of the trace
    by_phase,  // only the phases' peaks were: kernels or control flow change with m
};

/// The share of a limit that is left free because such a model may err by it.
double margin_of(Exactness exactness);

/// Default: needs nothing.
class PeakModel {
public:
    PeakModel() = default;
    PeakModel(std::vector<Plane> planes, Exactness exactness);

    /// Affine replay: every block of a part of the step gets bytes per sample and per group, from
    /// micro-batches of two sizes and, where there are groups, one that tells the groups' bytes
    /// from the samples' (4 and 8 samples in 1 and 2 groups do not; 4 in 2 besides do). What is
    /// observed beyond that must agree. Errors: Errc::unsupported when different kernels ran or a
    /// block is not affine, Errc::invalid_input when the unknowns cannot be told apart.
    static Result<PeakModel> fit(const Observations& observations);

    /// The fallback: a plane per phase through the phases' peaks. Errors: Errc::invalid_input.
    static Result<PeakModel> fit_phases(const Observations& observations);

    /// In bytes, of a micro-batch of `samples` samples in `groups` BatchNorm groups.
    [[nodiscard]] std::int64_t peak(std::int64_t samples, std::int64_t groups) const;

    /// The plane on which the peak lies; there is one unless the model is empty.
    [[nodiscard]] Plane peak_plane(std::int64_t samples, std::int64_t groups) const;

    [[nodiscard]] const std::vector<Plane>& planes() const { return planes_; }

    [[nodiscard]] Exactness exactness() const { return exactness_; }

    [[nodiscard]] double margin() const { return margin_of(exactness_); }

    friend bool operator==(const PeakModel&, const PeakModel&) = default;

private:
    std::vector<Plane> planes_;
    Exactness exactness_ = Exactness::exact;
};

}  // namespace bw::plan
