// From stored bytes to the network's input: augmentation, bilinear resize (align_corners = false,
// no antialiasing, as torch's interpolate), normalisation. Writes straight into the caller's
// memory, one sample after the other. Augmentation is a pure function of (seed, epoch, sample), so
// a sample looks the same on whichever rank. No torch.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/trainer/data/dataset.h"

namespace bw::trainer {

enum class Augment {
    none,
    crop_flip,  // zero padding of a seventh of the size (4 of 28), a random crop, a horizontal flip
};

struct LoaderOptions {
    int resolution = 0;  // height and width of the output; 0: as stored
    Augment augment = Augment::none;
    std::uint64_t seed = 0;
};

/// Not thread-safe; one per rank and split.
class Loader {
public:
    Loader(Dataset dataset, const LoaderOptions& options);

    /// images: [samples, channels, height(), width()], labels: [samples].
    void fill(
        std::span<const std::uint32_t> samples,
        std::int64_t epoch,
        float* images,
        std::int64_t* labels
    );
    void fill(
        std::span<const std::uint32_t> samples,
        std::int64_t epoch,
        double* images,
        std::int64_t* labels
    );

    [[nodiscard]] const Dataset& dataset() const { return dataset_; }

    [[nodiscard]] int height() const { return static_cast<int>(rows_.size()); }

    [[nodiscard]] int width() const { return static_cast<int>(columns_.size()); }

    /// How many samples have been handed out so far.
    [[nodiscard]] std::int64_t loaded() const { return loaded_; }

private:
    /// An output position lies between two input positions.
    struct Tap {
        int first = 0, second = 0;
        double second_weight = 0;
    };

    static std::vector<Tap> taps(int input, int output);
    const std::uint8_t* augmented(std::uint32_t sample, std::int64_t epoch);
    template <class T>
    void fill_as(
        std::span<const std::uint32_t> samples, std::int64_t epoch, T* images, std::int64_t* labels
    );
    template <class T>
    void write_image(const std::uint8_t* source, T* out) const;
    template <class T>
    void write_resized(const std::uint8_t* plane, std::size_t channel, T* out) const;

    Dataset dataset_;
    LoaderOptions options_;
    std::vector<Tap> rows_, columns_;
    bool resizes_ = false;
    std::array<std::array<double, 256>, 3> normalised_{};
    std::vector<std::uint8_t> scratch_;
    std::int64_t loaded_ = 0;
};

}  // namespace bw::trainer
