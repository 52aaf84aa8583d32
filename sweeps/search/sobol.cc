#include "sweeps/search/sobol.h"

#include <algorithm>
#include <limits>

#include <boost/random/sobol.hpp>

#include "base/rng.h"

namespace bw::search {
namespace {

using Engine = boost::random::sobol_engine<std::uint32_t, 32>;

constexpr std::size_t kDimensionsMax = 3667;
constexpr std::uint64_t kLength = std::numeric_limits<std::uint32_t>::max();

std::uint32_t reversed(std::uint32_t x) {
    x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
    x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
    x = ((x >> 4) & 0x0F0F0F0Fu) | ((x & 0x0F0F0F0Fu) << 4);
    x = ((x >> 8) & 0x00FF00FFu) | ((x & 0x00FF00FFu) << 8);
    return (x >> 16) | (x << 16);
}

// Laine and Karras' permutation (2011) with Vegdahl's constants (2021): on reversed bits, each bit
// is flipped by a hash of the bits below it only, which is Owen's tree of permutations.
std::uint32_t scrambled(std::uint32_t word, std::uint32_t key) {
    std::uint32_t x = reversed(word);
    x ^= x * 0x3d20adeau;
    x += key;
    x *= (key >> 16) | 1u;
    x ^= x * 0x05526c56u;
    x ^= x * 0x53a22864u;
    return reversed(x);
}

double unit(std::uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1.0p-32; }

}  // namespace

std::vector<std::vector<double>> sobol_points(
    std::size_t dimensions, std::uint64_t key, std::uint64_t first, std::size_t count
) {
    const std::size_t low = std::min(dimensions, kDimensionsMax);
    std::vector<std::vector<double>> points(count, std::vector<double>(dimensions));
    if (low == 0) return points;
    Engine engine(low);
    for (std::size_t row = 0; row < count; ++row) {
        const std::uint64_t index = (first + row) % kLength;
        // The engine leaves out the origin, which the scrambled net needs as its first point.
        if (index != 0 && (row == 0 || index == 1)) {
            engine.seed();
            engine.discard((index - 1) * low);
        }
        for (std::size_t i = 0; i < dimensions; ++i) {
            const std::uint64_t own_key = key_of(key, i);
            const std::uint32_t word = i >= low || index == 0 ? 0u : engine();
            points[row][i] = i < low ? unit(scrambled(word, static_cast<std::uint32_t>(own_key)))
                                     : Rng(key_of(own_key, first + row)).uniform();
        }
    }
    return points;
}

}  // namespace bw::search
