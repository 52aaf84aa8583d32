#include "worker/trainer/data/loader.h"

#include <algorithm>
#include <utility>

#include "base/rng.h"

namespace bw::trainer {

Loader::Loader(Dataset dataset, const LoaderOptions& options)
    : dataset_(std::move(dataset)), options_(options) {
    const int height = options.resolution > 0 ? options.resolution : dataset_.height;
    const int width = options.resolution > 0 ? options.resolution : dataset_.width;
    rows_ = taps(dataset_.height, height);
    columns_ = taps(dataset_.width, width);
    resizes_ = height != dataset_.height || width != dataset_.width;
    for (std::size_t channel = 0; channel < normalised_.size(); ++channel) {
        for (std::size_t value = 0; value < 256; ++value) {
            normalised_[channel][value] =
                (static_cast<double>(value) / 255.0 - dataset_.info->mean[channel]) /
                dataset_.info->stddev[channel];
        }
    }
    scratch_.resize(static_cast<std::size_t>(dataset_.image_bytes()));
}

std::vector<Loader::Tap> Loader::taps(int input, int output) {
    std::vector<Tap> result(static_cast<std::size_t>(output));
    const double scale = static_cast<double>(input) / output;
    for (int i = 0; i < output; ++i) {
        const double position = std::max(0.0, (i + 0.5) * scale - 0.5);
        const int first = std::min(static_cast<int>(position), input - 1);
        result[static_cast<std::size_t>(i)] = {
            first, std::min(first + 1, input - 1), position - first};
    }
    return result;
}

const std::uint8_t* Loader::augmented(std::uint32_t sample, std::int64_t epoch) {
    const std::uint8_t* source = dataset_.image(sample);
    if (options_.augment == Augment::none) return source;
    const int height = dataset_.height;
    const int width = dataset_.width;
    const int pad = std::max(1, height / 7);
    Rng rng(key_of(options_.seed, static_cast<std::uint64_t>(epoch), sample));
    const auto span = static_cast<std::uint64_t>(2 * pad + 1);
    const int down = static_cast<int>(rng.below(span)) - pad;
    const int right = static_cast<int>(rng.below(span)) - pad;
    const bool flip = rng.below(2) == 1;
    std::ranges::fill(scratch_, std::uint8_t{0});
    for (int channel = 0; channel < dataset_.channels; ++channel) {
        const std::uint8_t* plane = source + static_cast<std::ptrdiff_t>(channel) * height * width;
        std::uint8_t* out = scratch_.data() + static_cast<std::ptrdiff_t>(channel) * height * width;
        for (int y = std::max(0, -down); y < std::min(height, height - down); ++y) {
            for (int x = std::max(0, -right); x < std::min(width, width - right); ++x) {
                const int target = flip ? width - 1 - x : x;
                out[y * width + target] = plane[(y + down) * width + x + right];
            }
        }
    }
    return scratch_.data();
}

template <class T>
void Loader::write_resized(const std::uint8_t* plane, std::size_t channel, T* out) const {
    const auto& value = normalised_[channel];
    for (const Tap& row : rows_) {
        const std::uint8_t* upper = plane + static_cast<std::ptrdiff_t>(row.first) * dataset_.width;
        const std::uint8_t* lower =
            plane + static_cast<std::ptrdiff_t>(row.second) * dataset_.width;
        for (const Tap& column : columns_) {
            const double above = value[upper[column.first]] * (1 - column.second_weight) +
                                 value[upper[column.second]] * column.second_weight;
            const double below = value[lower[column.first]] * (1 - column.second_weight) +
                                 value[lower[column.second]] * column.second_weight;
            *out++ = static_cast<T>(above * (1 - row.second_weight) + below * row.second_weight);
        }
    }
}

template <class T>
void Loader::write_image(const std::uint8_t* source, T* out) const {
    const std::int64_t plane = std::int64_t{dataset_.height} * dataset_.width;
    const std::int64_t out_plane = std::int64_t{height()} * width();
    for (int channel = 0; channel < dataset_.channels; ++channel) {
        const auto index = static_cast<std::size_t>(channel);
        const std::uint8_t* in = source + channel * plane;
        T* target = out + channel * out_plane;
        if (resizes_) {
            write_resized(in, index, target);
        } else {
            for (std::int64_t i = 0; i < plane; ++i)
                target[i] = static_cast<T>(normalised_[index][in[i]]);
        }
    }
}

template <class T>
void Loader::fill_as(
    std::span<const std::uint32_t> samples, std::int64_t epoch, T* images, std::int64_t* labels
) {
    const std::int64_t stride = std::int64_t{dataset_.channels} * height() * width();
    for (const std::uint32_t sample : samples) {
        write_image(augmented(sample, epoch), images);
        images += stride;
        *labels++ = dataset_.labels[sample];
    }
    loaded_ += static_cast<std::int64_t>(samples.size());
}

void Loader::fill(
    std::span<const std::uint32_t> samples, std::int64_t epoch, float* images, std::int64_t* labels
) {
    fill_as(samples, epoch, images, labels);
}

void Loader::fill(
    std::span<const std::uint32_t> samples, std::int64_t epoch, double* images, std::int64_t* labels
) {
    fill_as(samples, epoch, images, labels);
}

}  // namespace bw::trainer
