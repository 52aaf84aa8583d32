// What those that may not see the catalogue must know of a network: the scheduler counts its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bw::sweeps {

struct NetworkFacts {
    bool has_batch_norm = false;
    std::int64_t parameters = 0;  // of all, with so many classes, channels and pixels:
    int classes = 10, channels = 3, resolution = 0;
};

/// By canonical name or alias; nothing when there is none.
std::optional<NetworkFacts> find_network(std::string_view name);

}  // namespace bw::sweeps
