#include "worker/trainer/same_data.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "base/process.h"
#include "worker/trainer/gang_text.h"

namespace bw::trainer {
namespace {

constexpr std::size_t kTextBytesMax = 128;

void put(std::vector<double>& numbers, std::size_t at, const std::string& text) {
    for (std::size_t i = 0; i < std::min(text.size(), kTextBytesMax); ++i)
        numbers[at + i] = static_cast<double>(static_cast<unsigned char>(text[i]));
}

std::string get(const std::vector<double>& numbers, std::size_t at) {
    std::string text;
    for (std::size_t i = 0; i < kTextBytesMax && numbers[at + i] != 0; ++i)
        text += static_cast<char>(static_cast<unsigned char>(numbers[at + i]));
    return text;
}

}  // namespace

std::string name_of_host(const std::string& address) {
    return address.empty() ? host_name() : host_name() + " (" + address + ")";
}

Result<void> check_same_data(
    Collective& collective, int rank, const std::string& address, const std::string& fingerprint
) {
    const auto ranks = static_cast<std::size_t>(collective.world_size());
    if (ranks == 1) return {};
    constexpr std::size_t kPerRank = 2 * kTextBytesMax;  // fingerprint, host
    std::vector<double> numbers(ranks * kPerRank, 0.0);
    const std::size_t own = static_cast<std::size_t>(rank) * kPerRank;
    put(numbers, own, fingerprint);
    put(numbers, own + kTextBytesMax, name_of_host(address));
    if (auto shared = share_numbers(collective, numbers); !shared) return shared;
    const std::string first = get(numbers, 0);
    for (std::size_t other = 1; other < ranks; ++other) {
        const std::size_t at = other * kPerRank;
        const std::string found = get(numbers, at);
        if (found == first) continue;
        return fail(
            Errc::refused,
            "the hosts have different data: rank 0 on " + get(numbers, kTextBytesMax) +
                " has the fingerprint " + first + ", rank " + std::to_string(other) + " on " +
                get(numbers, at + kTextBytesMax) + " has " + found +
                "; the same files must lie on every host"
        );
    }
    return {};
}

Result<void> compare_weights(Collective& collective, int rank, const std::string& sha256) {
    const auto ranks = static_cast<std::size_t>(collective.world_size());
    if (ranks == 1) return {};
    std::vector<double> numbers(ranks * kTextBytesMax, 0.0);
    put(numbers, static_cast<std::size_t>(rank) * kTextBytesMax, sha256);
    if (auto shared = share_numbers(collective, numbers); !shared) return shared;
    std::string different;
    for (std::size_t other = 1; other < ranks; ++other) {
        if (get(numbers, other * kTextBytesMax) != get(numbers, 0))
            different += " " + std::to_string(other);
    }
    if (different.empty()) {
        std::fprintf(stderr, "the weights of all %zu ranks are the same\n", ranks);
    } else {
        std::fprintf(stderr, "other weights than rank 0's on rank%s\n", different.c_str());
    }
    return {};
}

}  // namespace bw::trainer
