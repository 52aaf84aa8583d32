// Which samples an optimizer step sees: a pure function of (seed, step), whatever the layout over
// ranks and micro-batches is. Step t of epoch e uses permutation(n, key_of(seed, e))[tB, (t+1)B).
// No torch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace bw::trainer {

enum class LastBatch { drop, keep };

struct SamplerOptions {
    std::int64_t samples = 0;  // size of the training set
    std::int64_t batch = 0;    // B
    std::uint64_t seed = 0;
    LastBatch last = LastBatch::drop;
};

/// Steps are counted from 0 over all epochs. Not thread-safe: keeps the permutation of one epoch.
class Sampler {
public:
    /// Errors: Errc::invalid_input when no step would see a full batch.
    static Result<Sampler> make(const SamplerOptions& options);

    [[nodiscard]] std::int64_t steps_per_epoch() const;

    [[nodiscard]] std::int64_t epoch_of(std::int64_t step) const {
        return step / steps_per_epoch();
    }

    /// In batch order; valid until a step of another epoch is asked for.
    std::span<const std::uint32_t> batch(std::int64_t step);

private:
    explicit Sampler(const SamplerOptions& options) : options_(options) {}

    SamplerOptions options_;
    std::int64_t epoch_ = -1;
    std::vector<std::uint32_t> order_;
};

}  // namespace bw::trainer
