// Which samples a step sees, and what the network gets of them.
#include "worker/trainer/data/sampler.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/worker/trainer/data/idx_fixture.h"
#include "worker/trainer/data/loader.h"

namespace bw::trainer {
namespace {

std::vector<std::uint32_t> copy_of(std::span<const std::uint32_t> samples) {
    return {samples.begin(), samples.end()};
}

TEST(Sampler, AnEpochWithoutDroppingVisitsEachSampleOnce) {
    auto sampler = Sampler::make({.samples = 103, .batch = 10, .seed = 7, .last = LastBatch::keep});
    ASSERT_TRUE(sampler);
    EXPECT_EQ(sampler->steps_per_epoch(), 11);
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
        std::vector<std::uint32_t> seen;
        for (std::int64_t t = 0; t < 11; ++t) {
            const auto batch = sampler->batch(epoch * 11 + t);
            EXPECT_EQ(batch.size(), t < 10 ? 10u : 3u);
            seen.insert(seen.end(), batch.begin(), batch.end());
        }
        std::ranges::sort(seen);
        std::vector<std::uint32_t> all(103);
        std::iota(all.begin(), all.end(), 0u);
        EXPECT_EQ(seen, all);
    }
}

TEST(Sampler, StepsAreSlicesOfTheEpochsPermutation) {
    auto sampler = Sampler::make({.samples = 50, .batch = 8, .seed = 3, .last = LastBatch::drop});
    ASSERT_TRUE(sampler);
    EXPECT_EQ(sampler->steps_per_epoch(), 6);
    const auto order = permutation(50, key_of(3, std::uint64_t{2}));
    const auto batch = copy_of(sampler->batch(2 * 6 + 4));
    EXPECT_TRUE(std::equal(batch.begin(), batch.end(), order.begin() + 4 * 8));
    EXPECT_EQ(batch.size(), 8u);
}

TEST(Sampler, AStepIsTheSameHoweverItIsReached) {
    const SamplerOptions options{.samples = 64, .batch = 16, .seed = 1, .last = LastBatch::drop};
    auto walked = Sampler::make(options);
    std::vector<std::uint32_t> last;
    for (std::int64_t step = 0; step <= 9; ++step) last = copy_of(walked->batch(step));
    EXPECT_EQ(copy_of(Sampler::make(options)->batch(9)), last);
}

TEST(Sampler, TooFewSamplesForABatchAreAnErrorUnlessItIsKept) {
    const auto dropped =
        Sampler::make({.samples = 5, .batch = 8, .seed = 0, .last = LastBatch::drop});
    ASSERT_FALSE(dropped);
    EXPECT_NE(
        dropped.error().message.find("5 samples, fewer than batch_size 8"), std::string::npos
    );
    auto kept = Sampler::make({.samples = 5, .batch = 8, .seed = 0, .last = LastBatch::keep});
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->steps_per_epoch(), 1);
    EXPECT_EQ(kept->batch(0).size(), 5u);
}

class LoaderTest : public testing::Test {
protected:
    LoaderTest() {
        test::write_fashion_mnist(folder_.path(), {.train = 20, .test = 5, .side = 14});
        dataset_ = *load_dataset(
            {.name = "fashion_mnist",
             .split = Split::train,
             .search_path = folder_.path().string(),
             .cache_dir = {}}
        );
    }

    std::vector<double> image(Loader loader, std::uint32_t sample, std::int64_t epoch) {
        std::vector<double> pixels(static_cast<std::size_t>(loader.height() * loader.width()));
        std::int64_t label = -1;
        loader.fill(std::span(&sample, 1), epoch, pixels.data(), &label);
        EXPECT_EQ(label, dataset_.labels[sample]);
        return pixels;
    }

    test::TemporaryFolder folder_;
    Dataset dataset_;
};

TEST_F(LoaderTest, NormalisesByTheDataSetsMeanAndDeviation) {
    const auto pixels = image(Loader(dataset_, {}), 3, 0);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        EXPECT_DOUBLE_EQ(pixels[i], (dataset_.image(3)[i] / 255.0 - 0.2860) / 0.3530);
    }
}

// Against torch.nn.functional.interpolate(mode="bilinear", align_corners=False): for a factor of
// two the interior weights are 3/4 and 1/4, and the border repeats.
TEST_F(LoaderTest, ResizesBilinearlyWithHalfPixelCentres) {
    const auto native = image(Loader(dataset_, {}), 0, 0);
    const auto twice = image(Loader(dataset_, {.resolution = 28}), 0, 0);
    EXPECT_DOUBLE_EQ(twice[0], native[0]);
    EXPECT_NEAR(twice[1], 0.75 * native[0] + 0.25 * native[1], 1e-12);
    const double expected = 0.75 * (0.25 * native[0] + 0.75 * native[1]) +
                            0.25 * (0.25 * native[14] + 0.75 * native[15]);
    EXPECT_NEAR(twice[28 + 2], expected, 1e-12);
    EXPECT_DOUBLE_EQ(twice[28 * 28 - 1], native[14 * 14 - 1]);
}

TEST_F(LoaderTest, AugmentationDependsOnSeedEpochAndSampleOnly) {
    const LoaderOptions options{.resolution = 0, .augment = Augment::crop_flip, .seed = 9};
    const auto first = image(Loader(dataset_, options), 5, 1);
    Loader other(dataset_, options);
    std::vector<double> pixels(3 * 14 * 14);
    std::vector<std::int64_t> labels(3);
    const std::vector<std::uint32_t> samples = {11, 5, 2};
    other.fill(samples, 1, pixels.data(), labels.data());
    EXPECT_TRUE(std::equal(first.begin(), first.end(), pixels.begin() + 14 * 14));
    int changed = 0;
    for (std::int64_t epoch = 2; epoch < 10; ++epoch)
        changed += image(Loader(dataset_, options), 5, epoch) != first;
    EXPECT_GE(changed, 6);
}

TEST_F(LoaderTest, AugmentedImagesAreShiftedOrMirroredSources) {
    const LoaderOptions options{.resolution = 0, .augment = Augment::crop_flip, .seed = 4};
    const auto source = image(Loader(dataset_, {}), 7, 0);
    const double black = -0.2860 / 0.3530;
    const auto pixel = [&](int y, int x) {
        return y < 0 || x < 0 || y >= 14 || x >= 14 ? black
                                                    : source[static_cast<std::size_t>(y * 14 + x)];
    };
    for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
        const auto got = image(Loader(dataset_, options), 7, epoch);
        int matches = 0;
        for (int down = -2; down <= 2; ++down) {
            for (int right = -2; right <= 2; ++right) {
                for (const bool flip : {false, true}) {
                    bool same = true;
                    for (int i = 0; i < 14 * 14 && same; ++i) {
                        const int x = flip ? 13 - i % 14 : i % 14;
                        same =
                            std::abs(
                                got[static_cast<std::size_t>(i)] - pixel(i / 14 + down, x + right)
                            ) < 1e-12;
                    }
                    matches += same;
                }
            }
        }
        EXPECT_EQ(matches, 1) << epoch;
    }
}

TEST_F(LoaderTest, SinglePrecisionIsTheRoundedDouble) {
    Loader loader(dataset_, {.resolution = 20});
    const std::uint32_t sample = 1;
    std::vector<float> single(400);
    std::int64_t label = 0;
    loader.fill(std::span(&sample, 1), 0, single.data(), &label);
    const auto precise = image(Loader(dataset_, {.resolution = 20}), 1, 0);
    for (std::size_t i = 0; i < 400; ++i) EXPECT_EQ(single[i], static_cast<float>(precise[i]));
    EXPECT_EQ(loader.loaded(), 1);
}

}  // namespace
}  // namespace bw::trainer
