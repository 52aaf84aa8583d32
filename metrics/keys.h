// Label values as call sites have them: the keys of a job, an attempt and a rank fill their three,
// four and five labels at once, in the table's order. Values only; safe from any thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace bw::metrics {

struct JobKey {
    SweepId sweep;
    std::uint64_t point = 0;  // ordinal
    JobId job;
};

struct AttemptKey {
    JobKey job;
    std::uint32_t attempt = 0;
};

struct RankKey {
    AttemptKey attempt;
    int rank = 0;
};

template <class T>
inline constexpr std::size_t kLabelsIn = 1;
template <>
inline constexpr std::size_t kLabelsIn<JobKey> = 3;
template <>
inline constexpr std::size_t kLabelsIn<AttemptKey> = 4;
template <>
inline constexpr std::size_t kLabelsIn<RankKey> = 5;

using Values = std::vector<std::string>;

inline void append(Values& values, std::string_view text) { values.emplace_back(text); }

template <std::integral T>
void append(Values& values, T number) {
    values.push_back(std::to_string(number));
}

template <class Tag>
void append(Values& values, const Id<Tag>& id) {
    values.push_back(std::to_string(id.value));
}

void append(Values& values, const JobKey& key);
void append(Values& values, const AttemptKey& key);
void append(Values& values, const RankKey& key);

template <class... V>
Values values_of(const V&... labels) {
    Values values;
    values.reserve((kLabelsIn<V> + ... + 0));
    (append(values, labels), ...);
    return values;
}

}  // namespace bw::metrics
