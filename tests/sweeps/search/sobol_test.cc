#include "sweeps/search/sobol.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace bw::search {
namespace {

TEST(Sobol, EveryPowerOfTwoFillsEveryIntervalOnEveryAxisOnce) {
    constexpr std::size_t kPoints = 64;
    for (const std::uint64_t key : {1u, 2u, 3u}) {
        const auto points = sobol_points(20, key, 0, kPoints);
        for (std::size_t axis = 0; axis < 20; ++axis) {
            std::set<int> cells;
            for (const auto& point : points) cells.insert(static_cast<int>(point[axis] * kPoints));
            EXPECT_EQ(cells.size(), kPoints) << "axis " << axis << " key " << key;
        }
    }
}

TEST(Sobol, TheFirstTwoAxesFillEveryElementaryBoxOnce) {
    const auto points = sobol_points(2, 7, 0, 64);
    for (int columns = 1; columns <= 64; columns *= 2) {
        std::set<int> cells;
        for (const auto& point : points)
            cells.insert(
                static_cast<int>(point[0] * columns) * 64 +
                static_cast<int>(point[1] * 64 / columns)
            );
        EXPECT_EQ(cells.size(), 64u) << columns;
    }
}

TEST(Sobol, AnyIndexCanBeAskedForAlone) {
    const auto all = sobol_points(5, 11, 0, 20);
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(sobol_points(5, 11, i, 1).front(), all[i]) << i;
    EXPECT_NE(sobol_points(5, 12, 3, 1).front(), all[3]);
}

TEST(Sobol, HasAsManyAxesAsAreAskedFor) {
    const auto points = sobol_points(4000, 1, 5, 2);
    ASSERT_EQ(points[1].size(), 4000u);
    for (const double x : points[1]) {
        EXPECT_GE(x, 0);
        EXPECT_LT(x, 1);
    }
}

}  // namespace
}  // namespace bw::search
