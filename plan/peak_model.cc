#include "plan/peak_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace bw::plan {
namespace {

constexpr double kExactMargin = 0.005;
constexpr double kPhaseMargin = 0.03;

using Values = std::array<std::int64_t, 3>;  // one per probe; the last unused where there are two

/// The probes' equations fixed + m * per_sample + k * per_group = value, solved once for all
/// values.
class Equations {
public:
    static std::optional<Equations> of(std::span<const MemoryTrace> probes) {
        if (probes.size() < 2) return std::nullopt;
        Equations e;
        e.dm1_ = probes[1].samples - probes[0].samples;
        e.first_ = {probes[0].samples, probes[0].groups};
        if (probes.size() == 2) {
            // Without a third probe the groups' bytes count as fixed ones, or go with the samples'.
            e.determinant_ = e.dm1_;
            return e.dm1_ == 0 ? std::nullopt : std::optional(e);
        }
        e.has_groups_ = true;
        e.dk1_ = probes[1].groups - probes[0].groups;
        e.dm2_ = probes[2].samples - probes[0].samples;
        e.dk2_ = probes[2].groups - probes[0].groups;
        e.determinant_ = e.dm1_ * e.dk2_ - e.dm2_ * e.dk1_;
        return e.determinant_ == 0 ? std::nullopt : std::optional(e);
    }

    [[nodiscard]] Plane solve(const Values& value) const {
        const std::int64_t d1 = value[1] - value[0];
        const std::int64_t d2 = value[2] - value[0];
        const auto determinant = static_cast<double>(determinant_);
        Plane plane;
        if (has_groups_) {
            plane.per_sample = static_cast<double>(d1 * dk2_ - d2 * dk1_) / determinant;
            plane.per_group = static_cast<double>(dm1_ * d2 - dm2_ * d1) / determinant;
        } else {
            plane.per_sample = static_cast<double>(d1) / determinant;
        }
        plane.fixed = static_cast<double>(value[0]) -
                      plane.per_sample * static_cast<double>(first_.first) -
                      plane.per_group * static_cast<double>(first_.second);
        return plane;
    }

private:
    std::int64_t dm1_ = 0, dk1_ = 0, dm2_ = 0, dk2_ = 0, determinant_ = 1;
    std::pair<std::int64_t, std::int64_t> first_;
    bool has_groups_ = false;
};

void add(Plane& sum, const Plane& plane, double sign) {
    sum.fixed += sign * plane.fixed;
    sum.per_sample += sign * plane.per_sample;
    sum.per_group += sign * plane.per_group;
}

bool is_below(const Plane& plane, const Plane& other) {
    return plane.fixed <= other.fixed && plane.per_sample <= other.per_sample &&
           plane.per_group <= other.per_group;
}

/// Without the planes that lie below another for every m and k.
std::vector<Plane> hull_of(std::vector<Plane> planes) {
    std::vector<Plane> hull;
    for (const Plane& plane : planes) {
        const auto covers = [&plane](const Plane& other) { return is_below(plane, other); };
        if (std::any_of(hull.begin(), hull.end(), covers)) continue;
        std::erase_if(hull, [&plane](const Plane& other) { return is_below(other, plane); });
        hull.push_back(plane);
    }
    return hull;
}

Error different_kernels(std::size_t event) {
    return fail(
        Errc::unsupported,
        "the probes' allocations differ from event " + std::to_string(event) +
            " on: kernels change with the micro-batch"
    );
}

Error not_independent() {
    return fail(
        Errc::invalid_input, "the probes' micro-batches and groups do not tell their bytes apart"
    );
}

bool is_same_event(const MemoryEvent& a, const MemoryEvent& b) {
    return a.kind == b.kind && a.id == b.id;
}

/// The first event at which the traces part, or nothing.
std::optional<std::size_t> first_difference(std::span<const MemoryTrace> probes) {
    const auto& reference = probes[0].events;
    for (const MemoryTrace& probe : probes.subspan(1)) {
        const auto [mine, other] = std::mismatch(
            reference.begin(),
            reference.end(),
            probe.events.begin(),
            probe.events.end(),
            is_same_event
        );
        if (mine != reference.end() || other != probe.events.end())
            return static_cast<std::size_t>(mine - reference.begin());
    }
    return std::nullopt;
}

/// Peaks of the phases of one trace; phases that the trace does not mark are one.
std::vector<std::int64_t> phase_peaks(const MemoryTrace& trace) {
    std::vector<std::int64_t> peaks;
    std::int64_t live = trace.base_bytes;
    std::size_t next = 0;
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        while (next < trace.phase_begins.size() && trace.phase_begins[next] <= i) {
            peaks.push_back(live);
            ++next;
        }
        if (peaks.empty()) peaks.push_back(live);
        const MemoryEvent& event = trace.events[i];
        const std::int64_t charged = event.bytes + trace.block_overhead_bytes;
        live += event.kind == MemoryEvent::Kind::allocate ? charged : -charged;
        peaks.back() = std::max(peaks.back(), live);
    }
    return peaks;
}

}  // namespace

PeakModel::PeakModel(std::vector<Plane> planes, Exactness exactness)
    : planes_(hull_of(std::move(planes))), exactness_(exactness) {}

Result<PeakModel> PeakModel::fit(std::span<const MemoryTrace> probes) {
    const auto equations = Equations::of(probes.first(std::min<std::size_t>(probes.size(), 3)));
    if (!equations) return not_independent();
    if (const auto difference = first_difference(probes)) return different_kernels(*difference);
    const auto values_of = [&probes](auto value) {
        Values values{};
        for (std::size_t p = 0; p < std::min<std::size_t>(probes.size(), 3); ++p)
            values[p] = value(probes[p]);
        return values;
    };
    Plane live = equations->solve(values_of([](const MemoryTrace& t) { return t.base_bytes; }));
    std::vector<Plane> planes = {live};
    for (std::size_t i = 0; i < probes[0].events.size(); ++i) {
        const Plane block = equations->solve(values_of([i](const MemoryTrace& t) {
            return t.events[i].bytes + t.block_overhead_bytes;
        }));
        if (block.per_sample < 0 || block.per_group < 0) {
            return fail(
                Errc::unsupported,
                "block " + std::to_string(probes[0].events[i].id) +
                    " shrinks where the micro-batch grows"
            );
        }
        const bool grows = probes[0].events[i].kind == MemoryEvent::Kind::allocate;
        add(live, block, grows ? 1 : -1);
        if (grows) planes.push_back(live);
    }
    return PeakModel(std::move(planes), Exactness::exact);
}

Result<PeakModel> PeakModel::fit_phases(std::span<const MemoryTrace> probes) {
    // Two probes of different m; what groups take goes with the samples.
    const auto equations = Equations::of(probes.first(std::min<std::size_t>(probes.size(), 2)));
    if (!equations) return not_independent();
    const auto first = phase_peaks(probes[0]);
    const auto second = phase_peaks(probes[1]);
    if (first.size() != second.size()) return not_independent();
    std::vector<Plane> planes;
    for (std::size_t phase = 0; phase < first.size(); ++phase) {
        Plane plane = equations->solve({first[phase], second[phase], 0});
        if (plane.per_sample < 0) plane = {static_cast<double>(first[phase]), 0, 0};
        planes.push_back(plane);
    }
    return PeakModel(std::move(planes), Exactness::by_phase);
}

std::int64_t PeakModel::peak(std::int64_t samples, std::int64_t groups) const {
    if (planes_.empty()) return 0;
    // Rounded: the sums are of whole bytes, the quotients may be a hair off.
    return std::llround(peak_plane(samples, groups).at(samples, groups));
}

Plane PeakModel::peak_plane(std::int64_t samples, std::int64_t groups) const {
    if (planes_.empty()) return {};
    return *std::max_element(
        planes_.begin(),
        planes_.end(),
        [samples, groups](const Plane& a, const Plane& b) {
            return a.at(samples, groups) < b.at(samples, groups);
        }
    );
}

double PeakModel::margin() const {
    switch (exactness_) {
        case Exactness::exact:
            return kExactMargin;
        case Exactness::by_phase:
            return kPhaseMargin;
    }
    return kPhaseMargin;
}

}  // namespace bw::plan
