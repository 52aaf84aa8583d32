// The peak of a step for any micro-batch, where kernels change with its size: a peak model for each
// set of kernels (a regime), with the sizes that were seen to run them. Jobs with small and with
// large micro-batches thus share one profile. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/peak_model.h"
#include "plan/trace.h"

namespace bw::plan {

struct Regime {
    std::int64_t smallest = 1, largest = INT64_MAX;  // samples of a micro-batch
    std::string sequence;  // sequence_digest of one; empty: kernels change within these sizes
    PeakModel peak;
    friend bool operator==(const Regime&, const Regime&) = default;
};

/// Default: needs nothing.
class MemoryModel {
public:
    MemoryModel() = default;
    MemoryModel(PeakModel peak);  // of all sizes
    explicit MemoryModel(std::vector<Regime> regimes);

    [[nodiscard]] bool is_empty() const { return regimes_.empty(); }

    /// By size; no two overlap.
    [[nodiscard]] const std::vector<Regime>& regimes() const { return regimes_; }

    /// In bytes. Between two regimes, where nothing was seen, the larger of both, unless the border
    /// is where kernels are known to change.
    [[nodiscard]] std::int64_t peak(std::int64_t samples, std::int64_t groups) const;

    /// The plane on which the peak lies.
    [[nodiscard]] Plane peak_plane(std::int64_t samples, std::int64_t groups) const;

    /// The share of a limit that is left free because the model may err by it: more where kernels
    /// change with the size, but for sizes that were measured.
    [[nodiscard]] double margin(std::int64_t samples) const;

    /// The regime with these kernels, or nullptr.
    [[nodiscard]] const Regime* find(std::string_view sequence) const;

    /// What was seen counts from now on for its sizes, and for those between it and others with the
    /// same kernels.
    void learn(Regime seen);

    /// Whether the size may run any kernels: no sequence is known there.
    [[nodiscard]] bool is_open_at(std::int64_t samples) const;

    friend bool operator==(const MemoryModel&, const MemoryModel&) = default;

private:
    struct Around {
        const Regime* below = nullptr;
        const Regime* above = nullptr;  // the same one where the size lies within it
    };

    [[nodiscard]] Around around(std::int64_t samples) const;
    void clear_range(const Regime& seen);
    void join_equal();

    std::vector<Regime> regimes_;
};

/// The model, with the sizes of these micro-batches among those of their kernels; nothing when one
/// ran kernels that the model does not know.
std::optional<MemoryModel> with_sizes_of(
    MemoryModel model, const std::vector<Observation>& micro_batches
);

struct Prediction {
    std::int64_t samples = 0;  // of the largest micro-batch
    std::int64_t predicted = 0, measured = 0;
};

/// Whether the model was as near as it claims to be.
bool is_within_margin(const MemoryModel& model, const Prediction& prediction);

}  // namespace bw::plan
