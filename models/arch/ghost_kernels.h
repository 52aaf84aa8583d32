// The arithmetic of grouped BatchNorm on the CPU, without LibTorch: every result goes into memory
// of the caller, so the allocations of a step do not depend on the number of groups. Statistics are
// two-pass with the rounding of the mean corrected, summed in short runs of T and then in double.
// Pure; a call may run beside others on other units.
#pragma once

#include <cstdint>
#include <span>

namespace bw::models {

/// Where a channel's values lie: `planes` is [sample][channel][position], `rows` is
/// [sample][position][channel].
enum class ChannelMemory { planes, rows };

struct GroupRange {
    std::int64_t first = 0;  // sample
    std::int64_t count = 0;
};

struct GhostShape {
    ChannelMemory memory = ChannelMemory::planes;
    std::int64_t channels = 0;
    std::int64_t positions = 1;
    std::span<const GroupRange> groups;
    double eps = 1e-5;

    /// Independent units of work: a group and a run of channels.
    std::int64_t units() const;
};

template <class T>
struct GhostForward {
    const T* x;
    const T* weight;  // [channels]
    const T* bias;    // [channels]
    T* y;
    double* mean;      // [groups, channels]
    double* variance;  // [groups, channels], biased
};

template <class T>
struct GhostBackward {
    const T* x;
    const T* dy;
    const T* weight;
    const double* mean;
    const double* variance;
    T* dx;            // or nullptr
    double* dweight;  // [groups, channels]: the group's share
    double* dbias;    // [groups, channels]
};

void ghost_forward(const GhostShape& shape, const GhostForward<float>& io, std::int64_t unit);
void ghost_forward(const GhostShape& shape, const GhostForward<double>& io, std::int64_t unit);
void ghost_backward(const GhostShape& shape, const GhostBackward<float>& io, std::int64_t unit);
void ghost_backward(const GhostShape& shape, const GhostBackward<double>& io, std::int64_t unit);

}  // namespace bw::models
