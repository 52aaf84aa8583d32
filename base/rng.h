// Counter-based random numbers: a value is a pure function of (key, counter), so that a sample's
// augmentation or a sweep's point is the same whatever ran before it, on whichever rank. Mixer:
// SplitMix64 (Steele et al., 2014).
#pragma once

#include <cstdint>
#include <vector>

namespace bw {

/// SplitMix64's finaliser: a bijection on 64-bit words whose outputs pass as random.
std::uint64_t mix64(std::uint64_t x);

/// A key from several words: order matters. key_of({seed, epoch, sample}).
template <class... Words>
std::uint64_t key_of(std::uint64_t first, Words... rest) {
    std::uint64_t key = mix64(first + 0x9E3779B97F4A7C15ull);
    ((key = mix64(key ^ (static_cast<std::uint64_t>(rest) + 0x9E3779B97F4A7C15ull + (key << 6)))),
     ...);
    return key;
}

/// A stream of numbers under one key. Copyable; two streams with one key are equal.
class Rng {
public:
    explicit Rng(std::uint64_t key, std::uint64_t counter = 0) : key_(key), counter_(counter) {}

    std::uint64_t next() { return mix64(key_ + 0x9E3779B97F4A7C15ull * ++counter_); }

    double uniform();                          // [0, 1), 53 bits
    std::uint64_t below(std::uint64_t bound);  // [0, bound), unbiased; bound > 0
    double normal();                           // N(0, 1), Box-Muller, one value per call

private:
    std::uint64_t key_;
    std::uint64_t counter_;
};

/// The permutation of 0..n-1 that belongs to `key` (Fisher-Yates).
std::vector<std::uint32_t> permutation(std::uint32_t n, std::uint64_t key);

}  // namespace bw
