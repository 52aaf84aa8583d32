#include "worker/trainer/data/sampler.h"

#include <algorithm>
#include <string>

#include "base/rng.h"

namespace bw::trainer {

Result<Sampler> Sampler::make(const SamplerOptions& options) {
    if (options.batch < 1 || options.samples < 1) {
        return fail(
            Errc::invalid_input, "batch_size and the number of training samples must be at least 1"
        );
    }
    if (options.last == LastBatch::drop && options.samples < options.batch) {
        return fail(
            Errc::invalid_input,
            "the training set has " + std::to_string(options.samples) +
                " samples, fewer than batch_size " + std::to_string(options.batch) +
                ": lower batch_size, or set drop_last: false"
        );
    }
    return Sampler(options);
}

std::int64_t Sampler::steps_per_epoch() const {
    const std::int64_t full = options_.samples / options_.batch;
    return options_.last == LastBatch::keep && options_.samples % options_.batch != 0 ? full + 1
                                                                                      : full;
}

std::span<const std::uint32_t> Sampler::batch(std::int64_t step) {
    const std::int64_t epoch = epoch_of(step);
    if (epoch != epoch_) {
        order_ = permutation(
            static_cast<std::uint32_t>(options_.samples),
            key_of(options_.seed, static_cast<std::uint64_t>(epoch))
        );
        epoch_ = epoch;
    }
    const std::int64_t begin = step % steps_per_epoch() * options_.batch;
    const std::int64_t end = std::min(begin + options_.batch, options_.samples);
    return std::span(order_).subspan(
        static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)
    );
}

}  // namespace bw::trainer
