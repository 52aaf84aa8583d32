#include "plan/memory_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bw::plan {
namespace {

// With one thread oneDNN takes over 1x1 convolutions from here on. A guess for sizes that nobody
// has seen: the step that confirms a plan knows better.
constexpr std::int64_t kKnownBorder = 16;

void sort_by_size(std::vector<Regime>& regimes) {
    std::ranges::sort(regimes, {}, &Regime::smallest);
}

bool overlap(const Regime& a, const Regime& b) {
    return a.smallest <= b.largest && b.smallest <= a.largest;
}

}  // namespace

MemoryModel::MemoryModel(PeakModel peak) {
    regimes_.push_back({});
    regimes_.back().peak = std::move(peak);
}

MemoryModel::MemoryModel(std::vector<Regime> regimes) {
    sort_by_size(regimes);
    for (Regime& regime : regimes) learn(std::move(regime));
}

MemoryModel::Around MemoryModel::around(std::int64_t samples) const {
    Around found;
    for (const Regime& regime : regimes_) {
        if (regime.smallest <= samples) found.below = &regime;
        if (regime.largest >= samples && found.above == nullptr) found.above = &regime;
    }
    if (found.below == nullptr) found.below = found.above;
    if (found.above == nullptr) found.above = found.below;
    if (found.below == found.above) return found;
    const bool is_known =
        found.below->largest < kKnownBorder && found.above->smallest >= kKnownBorder;
    if (is_known && samples < kKnownBorder) found.above = found.below;
    if (is_known && samples >= kKnownBorder) found.below = found.above;
    return found;
}

std::int64_t MemoryModel::peak(std::int64_t samples, std::int64_t groups) const {
    const auto [below, above] = around(samples);
    if (below == nullptr) return 0;
    return std::max(below->peak.peak(samples, groups), above->peak.peak(samples, groups));
}

Plane MemoryModel::peak_plane(std::int64_t samples, std::int64_t groups) const {
    const auto [below, above] = around(samples);
    if (below == nullptr) return {};
    const bool is_below = below->peak.peak(samples, groups) >= above->peak.peak(samples, groups);
    return (is_below ? below : above)->peak.peak_plane(samples, groups);
}

double MemoryModel::margin(std::int64_t samples) const {
    const auto [below, above] = around(samples);
    if (below == nullptr) return 0;
    const bool is_measured = samples == below->smallest || samples == below->largest;
    if (below == above && is_measured) return margin_of(Exactness::exact);
    return std::max(below->peak.margin(), above->peak.margin());
}

const Regime* MemoryModel::find(std::string_view sequence) const {
    if (sequence.empty()) return nullptr;
    const auto found = std::ranges::find(regimes_, sequence, &Regime::sequence);
    return found == regimes_.end() ? nullptr : &*found;
}

/// Others give way; one that reaches beyond on both sides keeps the smaller sizes. What was no more
/// than a line through other kernels' peaks goes altogether.
void MemoryModel::clear_range(const Regime& seen) {
    std::erase_if(regimes_, [&seen](const Regime& other) {
        const bool is_inside = other.smallest >= seen.smallest && other.largest <= seen.largest;
        return overlap(seen, other) && (is_inside || other.sequence.empty());
    });
    for (Regime& other : regimes_) {
        if (!overlap(seen, other)) continue;
        if (other.smallest < seen.smallest) {
            other.largest = seen.smallest - 1;
        } else {
            other.smallest = seen.largest + 1;
        }
    }
}

/// Neighbours with the same kernels are one.
void MemoryModel::join_equal() {
    for (std::size_t i = 0; i + 1 < regimes_.size();) {
        Regime& one = regimes_[i];
        const Regime& next = regimes_[i + 1];
        if (one.sequence.empty() || one.sequence != next.sequence) {
            ++i;
            continue;
        }
        one.largest = next.largest;
        regimes_.erase(regimes_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

void MemoryModel::learn(Regime seen) {
    const auto is_same = [&seen](const Regime& other) {
        return !seen.sequence.empty() && other.sequence == seen.sequence;
    };
    for (Regime& other : regimes_) {
        if (!is_same(other)) continue;
        other.peak = seen.peak;
        if (!overlap(seen, other)) continue;
        seen.smallest = std::min(seen.smallest, other.smallest);
        seen.largest = std::max(seen.largest, other.largest);
    }
    std::erase_if(regimes_, [&](const Regime& other) {
        return is_same(other) && overlap(seen, other);
    });
    clear_range(seen);
    regimes_.push_back(std::move(seen));
    sort_by_size(regimes_);
    join_equal();
}

bool MemoryModel::is_open_at(std::int64_t samples) const {
    const auto [below, above] = around(samples);
    return below == nullptr || below->sequence.empty() || above->sequence.empty();
}

std::optional<MemoryModel> with_sizes_of(
    MemoryModel model, const std::vector<Observation>& micro_batches
) {
    for (const Observation& micro : micro_batches) {
        const std::string sequence = sequence_digest(micro);
        const Regime* regime = model.find(sequence);
        if (regime == nullptr && model.is_open_at(micro.samples)) continue;
        if (regime == nullptr) return std::nullopt;
        model.learn({micro.samples, micro.samples, sequence, PeakModel(regime->peak)});
    }
    return model;
}

bool is_within_margin(const MemoryModel& model, const Prediction& prediction) {
    const auto [samples, predicted, measured] = prediction;
    const double error = std::abs(static_cast<double>(measured - predicted));
    return error <= static_cast<double>(predicted) * model.margin(samples);
}

}  // namespace bw::plan
