#include "plan/peak_model.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

namespace bw::plan {
namespace {

constexpr double kExactMargin = 0.005;
constexpr double kPhaseMargin = 0.03;

/// Bytes of one thing in a few micro-batches, and the plane through them.
class Equations {
public:
    /// All observations are of one size: nothing is known to grow.
    static Equations constant() { return {}; }

    /// Chooses as many observations as there are unknowns; nothing when they do not tell the bytes
    /// of samples, and of groups where these vary, apart.
    static std::optional<Equations> of(std::span<const Observation> observations) {
        Equations e;
        const auto size = observations.size();
        e.second_ = 1;
        const auto differs = [&observations](std::size_t i) {
            return observations[i].samples != observations[0].samples;
        };
        while (e.second_ < size && !differs(e.second_)) ++e.second_;
        if (e.second_ >= size) return std::nullopt;
        e.dm2_ = observations[e.second_].samples - observations[0].samples;
        e.dk2_ = observations[e.second_].groups - observations[0].groups;
        for (std::size_t i = 1; i < size && e.third_ == 0; ++i) {
            e.dm3_ = observations[i].samples - observations[0].samples;
            e.dk3_ = observations[i].groups - observations[0].groups;
            e.determinant_ = e.dm2_ * e.dk3_ - e.dm3_ * e.dk2_;
            if (e.determinant_ != 0) e.third_ = i;
        }
        e.samples_ = static_cast<double>(observations[0].samples);
        e.groups_ = static_cast<double>(observations[0].groups);
        return e;
    }

    /// `value`: of the observation with an index.
    template <class Value>
    [[nodiscard]] Plane solve(Value value) const {
        const std::int64_t v1 = value(0);
        const std::int64_t d2 = value(second_) - v1;
        Plane plane;
        if (dm2_ == 0) {
            plane.fixed = static_cast<double>(v1);
            return plane;
        }
        if (third_ != 0) {
            const std::int64_t d3 = value(third_) - v1;
            const auto determinant = static_cast<double>(determinant_);
            plane.per_sample = static_cast<double>(d2 * dk3_ - d3 * dk2_) / determinant;
            plane.per_group = static_cast<double>(dm2_ * d3 - dm3_ * d2) / determinant;
        } else {
            plane.per_sample = static_cast<double>(d2) / static_cast<double>(dm2_);
        }
        plane.fixed =
            static_cast<double>(v1) - plane.per_sample * samples_ - plane.per_group * groups_;
        return plane;
    }

private:
    std::size_t second_ = 0, third_ = 0;  // 0: no third; groups then count with the samples
    std::int64_t dm2_ = 0, dk2_ = 0, dm3_ = 0, dk3_ = 0, determinant_ = 0;
    double samples_ = 0, groups_ = 0;
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
        "the micro-batches' allocations differ from event " + std::to_string(event) +
            " on: kernels change with their size"
    );
}

Error not_affine(std::size_t event, const char* why) {
    return fail(
        Errc::unsupported, "the block of event " + std::to_string(event) + " " + std::string(why)
    );
}

Error not_independent() {
    return fail(
        Errc::invalid_input, "the traced micro-batches do not tell the bytes of samples apart"
    );
}

/// The first event at which an observation differs in kind or block from the first, or nothing.
std::optional<std::size_t> first_difference(std::span<const Observation> observations) {
    const auto is_same = [](const MemoryEvent& a, const MemoryEvent& b) {
        return a.kind == b.kind && a.id == b.id;
    };
    const auto& reference = observations[0].events;
    for (const Observation& other : observations.subspan(1)) {
        const auto [mine, its] = std::mismatch(
            reference.begin(), reference.end(), other.events.begin(), other.events.end(), is_same
        );
        if (mine != reference.end() || its != other.events.end())
            return static_cast<std::size_t>(mine - reference.begin());
    }
    return std::nullopt;
}

/// Whether all observations lie on the plane, not only those that it was drawn through.
template <class Value>
bool holds(const Plane& plane, std::span<const Observation> observations, Value value) {
    for (std::size_t i = 0; i < observations.size(); ++i) {
        const double expected = plane.at(observations[i].samples, observations[i].groups);
        if (std::abs(expected - static_cast<double>(value(i))) > 0.5) return false;
    }
    return true;
}

/// Prepare and update do not depend on the micro-batch by much; it itself must be seen in two
/// sizes.
enum class Sizes { two_are_needed, one_is_enough };

/// What is live when a part of the step begins.
Result<Plane> base_plane(std::span<const Observation> observations, const Equations& equations) {
    const auto base_of = [&](std::size_t o) { return observations[o].base_bytes; };
    const Plane base = equations.solve(base_of);
    if (!holds(base, observations, base_of)) return not_affine(0, "finds another base each time");
    return base;
}

/// The micro-batch's place lives on between the parts, so where a part was seen in one size only,
/// the micro-batches' base says how its own grows.
Plane growing_like(const Plane& base, const Observation& seen) {
    const double grown = base.per_sample * static_cast<double>(seen.samples);
    return {
        .fixed = static_cast<double>(seen.base_bytes) - grown,
        .per_sample = base.per_sample,
        .per_group = 0};
}

Result<Plane> micro_batch_base(std::span<const Observation> micro_batches) {
    const auto equations = Equations::of(micro_batches);
    if (!equations) return not_independent();
    return base_plane(micro_batches, *equations);
}

/// The planes of one part of the step, at every moment of it.
Result<void> add_planes(
    std::span<const Observation> observations, const Plane& growth, std::vector<Plane>& planes
) {
    if (observations.empty()) return {};
    auto equations = Equations::of(observations);
    const bool one_size = !equations;
    if (one_size) equations = Equations::constant();
    if (const auto difference = first_difference(observations))
        return different_kernels(*difference);
    auto base = base_plane(observations, *equations);
    if (!base) return base.error();
    Plane live = one_size ? growing_like(growth, observations[0]) : *base;
    planes.push_back(live);
    for (std::size_t i = 0; i < observations[0].events.size(); ++i) {
        const auto bytes_of = [&, i](std::size_t o) {
            return observations[o].events[i].bytes + observations[o].block_overhead_bytes;
        };
        const Plane block = equations->solve(bytes_of);
        if (block.per_sample < 0 || block.per_group < 0)
            return not_affine(i, "shrinks where the micro-batch grows");
        if (!holds(block, observations, bytes_of)) return not_affine(i, "is on no plane");
        const bool grows = observations[0].events[i].kind == MemoryEvent::Kind::allocate;
        add(live, block, grows ? 1 : -1);
        if (grows) planes.push_back(live);
    }
    return {};
}

/// The most that was live in events [begin, end).
std::int64_t peak_within(const Observation& observation, std::size_t begin, std::size_t end) {
    std::int64_t live = observation.base_bytes;
    std::int64_t peak = begin == 0 ? live : 0;
    for (std::size_t i = 0; i < end; ++i) {
        const MemoryEvent& event = observation.events[i];
        const std::int64_t charged = event.bytes + observation.block_overhead_bytes;
        live += event.kind == MemoryEvent::Kind::allocate ? charged : -charged;
        if (i >= begin) peak = std::max(peak, live);
    }
    return peak;
}

enum class Phase { all_or_forward, backward };

std::int64_t phase_peak(const Observation& observation, Phase phase) {
    const std::size_t all = observation.events.size();
    const std::size_t border = observation.backward == 0 ? all : observation.backward;
    return phase == Phase::backward ? peak_within(observation, border, all)
                                    : peak_within(observation, 0, border);
}

/// The line through a phase's peaks; what groups take goes with the samples.
Result<void> add_phase(
    std::vector<Observation> observations, Sizes sizes, Phase phase, std::vector<Plane>& planes
) {
    if (observations.empty()) return {};
    for (Observation& observation : observations) observation.groups = 0;
    auto equations = Equations::of(observations);
    if (!equations && sizes == Sizes::one_is_enough) equations = Equations::constant();
    if (!equations) return not_independent();
    Plane plane =
        equations->solve([&](std::size_t o) { return phase_peak(observations[o], phase); });
    plane.per_sample = std::max(0.0, plane.per_sample);
    planes.push_back(plane);
    return {};
}

}  // namespace

PeakModel::PeakModel(std::vector<Plane> planes, Exactness exactness)
    : planes_(hull_of(std::move(planes))), exactness_(exactness) {}

Result<PeakModel> PeakModel::fit(const Observations& all) {
    if (all.micro_batches.empty()) return not_independent();
    const auto growth = micro_batch_base(all.micro_batches);
    if (!growth) return growth.error();
    std::vector<Plane> planes;
    for (const auto* part : {&all.micro_batches, &all.updates}) {
        if (auto added = add_planes(*part, *growth, planes); !added) return added.error();
    }
    // Before the place for the micro-batch is there.
    if (auto added = add_planes(all.prepares, Plane{}, planes); !added) return added.error();
    return PeakModel(std::move(planes), Exactness::exact);
}

Result<PeakModel> PeakModel::fit_phases(const Observations& all) {
    if (all.micro_batches.empty()) return not_independent();
    std::vector<Plane> planes;
    for (const auto phase : {Phase::all_or_forward, Phase::backward}) {
        if (auto added = add_phase(all.micro_batches, Sizes::two_are_needed, phase, planes); !added)
            return added.error();
    }
    for (const auto* part : {&all.prepares, &all.updates}) {
        const auto added = add_phase(*part, Sizes::one_is_enough, Phase::all_or_forward, planes);
        if (!added) return added.error();
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

double margin_of(Exactness exactness) {
    switch (exactness) {
        case Exactness::exact:
            return kExactMargin;
        case Exactness::by_phase:
            return kPhaseMargin;
    }
    return kPhaseMargin;
}

}  // namespace bw::plan
