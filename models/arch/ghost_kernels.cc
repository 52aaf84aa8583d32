#include "models/arch/ghost_kernels.h"

#include <algorithm>
#include <cmath>

// The bodies are inlined into one function per type and instruction set, picked when the program is
// loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define BW_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#else
#define BW_CLONES
#endif
#define BW_INLINE [[gnu::always_inline]] inline

namespace bw::models {

namespace {

constexpr std::int64_t kRowChannels = 64;  // channels of one unit in `rows`
constexpr std::int64_t kLanes = 32;  // partial sums, so that the loops vectorise without reordering
constexpr std::int64_t kRun = 64 * kLanes;  // values summed in T before double takes over
constexpr std::int64_t kRowRun = 32;

struct TwoSums {
    double a = 0.0;
    double b = 0.0;
};

/// Sums `first(i)` and `second(i)` over [0, n).
template <class T, class First, class Second>
BW_INLINE TwoSums sum_two(std::int64_t n, First first, Second second) {
    TwoSums sums;
    for (std::int64_t start = 0; start < n; start += kRun) {
        const std::int64_t end = std::min(n, start + kRun);
        T a[kLanes] = {};
        T b[kLanes] = {};
        std::int64_t i = start;
        for (; i + kLanes <= end; i += kLanes) {
            for (std::int64_t lane = 0; lane < kLanes; ++lane) {
                a[lane] += first(i + lane);
                b[lane] += second(i + lane);
            }
        }
        for (std::int64_t lane = 0; lane < kLanes; ++lane) {
            sums.a += static_cast<double>(a[lane]);
            sums.b += static_cast<double>(b[lane]);
        }
        for (; i < end; ++i) {
            sums.a += static_cast<double>(first(i));
            sums.b += static_cast<double>(second(i));
        }
    }
    return sums;
}

struct PlaneUnit {
    std::int64_t group;
    std::int64_t channel;
    GroupRange range;
    double inverse_count;
};

BW_INLINE PlaneUnit plane_unit(const GhostShape& shape, std::int64_t unit) {
    const std::int64_t group = unit / shape.channels;
    const auto range = shape.groups[static_cast<std::size_t>(group)];
    return {
        group,
        unit % shape.channels,
        range,
        1.0 / static_cast<double>(range.count * shape.positions)};
}

template <class T>
BW_INLINE void forward_planes(
    const GhostShape& shape, const GhostForward<T>& io, std::int64_t unit
) {
    const auto at = plane_unit(shape, unit);
    const std::int64_t positions = shape.positions;
    const std::int64_t step = shape.channels * positions;
    const T* const first = io.x + at.range.first * step + at.channel * positions;
    double total = 0.0;
    for (std::int64_t s = 0; s < at.range.count; ++s) {
        const T* x = first + s * step;
        total += sum_two<T>(
                     positions, [x](auto i) { return x[i]; }, [](auto) { return T(0); }
        ).a;
    }
    const T centre = static_cast<T>(total * at.inverse_count);
    TwoSums centred;
    for (std::int64_t s = 0; s < at.range.count; ++s) {
        const T* x = first + s * step;
        const auto sums = sum_two<T>(
            positions,
            [x, centre](auto i) { return x[i] - centre; },
            [x, centre](auto i) { return (x[i] - centre) * (x[i] - centre); }
        );
        centred.a += sums.a;
        centred.b += sums.b;
    }
    const double shift = centred.a * at.inverse_count;
    const double variance = std::max(0.0, centred.b * at.inverse_count - shift * shift);
    io.mean[unit] = static_cast<double>(centre) + shift;
    io.variance[unit] = variance;
    const T mean = static_cast<T>(io.mean[unit]);
    const T scale = static_cast<T>(
        static_cast<double>(io.weight[at.channel]) / std::sqrt(variance + shape.eps)
    );
    const T bias = io.bias[at.channel];
    T* const out = io.y + (first - io.x);
    for (std::int64_t s = 0; s < at.range.count; ++s) {
        const T* x = first + s * step;
        T* y = out + s * step;
        for (std::int64_t i = 0; i < positions; ++i) y[i] = (x[i] - mean) * scale + bias;
    }
}

template <class T>
BW_INLINE void backward_planes(
    const GhostShape& shape, const GhostBackward<T>& io, std::int64_t unit
) {
    const auto at = plane_unit(shape, unit);
    const std::int64_t positions = shape.positions;
    const std::int64_t step = shape.channels * positions;
    const std::int64_t offset = at.range.first * step + at.channel * positions;
    const T mean = static_cast<T>(io.mean[unit]);
    const double inverse_std = 1.0 / std::sqrt(io.variance[unit] + shape.eps);
    TwoSums sums;  // of dy, and of dy * (x - mean)
    for (std::int64_t s = 0; s < at.range.count; ++s) {
        const T* x = io.x + offset + s * step;
        const T* dy = io.dy + offset + s * step;
        const auto plane = sum_two<T>(
            positions,
            [dy](auto i) { return dy[i]; },
            [x, dy, mean](auto i) { return dy[i] * (x[i] - mean); }
        );
        sums.a += plane.a;
        sums.b += plane.b;
    }
    io.dbias[unit] = sums.a;
    io.dweight[unit] = sums.b * inverse_std;
    if (io.dx == nullptr) return;
    const T scale = static_cast<T>(static_cast<double>(io.weight[at.channel]) * inverse_std);
    const T mean_dy = static_cast<T>(sums.a * at.inverse_count);
    const T slope = static_cast<T>(sums.b * at.inverse_count * inverse_std * inverse_std);
    for (std::int64_t s = 0; s < at.range.count; ++s) {
        const T* x = io.x + offset + s * step;
        const T* dy = io.dy + offset + s * step;
        T* dx = io.dx + offset + s * step;
        for (std::int64_t i = 0; i < positions; ++i) {
            dx[i] = (dy[i] - mean_dy - (x[i] - mean) * slope) * scale;
        }
    }
}

/// A run of at most kRowChannels channels of one group: rows are samples times positions.
struct RowUnit {
    std::int64_t channel;
    std::int64_t width;
    std::int64_t rows;
    std::int64_t stats;   // offset of the first channel in [groups, channels]
    std::int64_t offset;  // of the first value
    double inverse_count;
};

BW_INLINE RowUnit row_unit(const GhostShape& shape, std::int64_t unit) {
    const std::int64_t runs = (shape.channels + kRowChannels - 1) / kRowChannels;
    const std::int64_t group = unit / runs;
    const std::int64_t channel = (unit % runs) * kRowChannels;
    const auto range = shape.groups[static_cast<std::size_t>(group)];
    const std::int64_t rows = range.count * shape.positions;
    return {
        channel,
        std::min(kRowChannels, shape.channels - channel),
        rows,
        group * shape.channels + channel,
        range.first * shape.positions * shape.channels + channel,
        1.0 / static_cast<double>(rows)};
}

/// Adds the columns of `a(row, channel)` and `b(row, channel)` into two arrays of doubles.
template <class T, class A, class B>
BW_INLINE void sum_columns(const RowUnit& at, double* sum_a, double* sum_b, A a, B b) {
    std::fill_n(sum_a, at.width, 0.0);
    std::fill_n(sum_b, at.width, 0.0);
    for (std::int64_t start = 0; start < at.rows; start += kRowRun) {
        const std::int64_t end = std::min(at.rows, start + kRowRun);
        T run_a[kRowChannels] = {};
        T run_b[kRowChannels] = {};
        for (std::int64_t row = start; row < end; ++row) {
            for (std::int64_t c = 0; c < at.width; ++c) {
                run_a[c] += a(row, c);
                run_b[c] += b(row, c);
            }
        }
        for (std::int64_t c = 0; c < at.width; ++c) {
            sum_a[c] += static_cast<double>(run_a[c]);
            sum_b[c] += static_cast<double>(run_b[c]);
        }
    }
}

template <class T>
BW_INLINE void forward_rows(const GhostShape& shape, const GhostForward<T>& io, std::int64_t unit) {
    const auto at = row_unit(shape, unit);
    const std::int64_t step = shape.channels;
    const T* const x = io.x + at.offset;
    double sum_a[kRowChannels];
    double sum_b[kRowChannels];
    T mean[kRowChannels];
    T scale[kRowChannels];
    sum_columns<T>(
        at,
        sum_a,
        sum_b,
        [x, step](auto r, auto c) { return x[r * step + c]; },
        [](auto, auto) { return T(0); }
    );
    for (std::int64_t c = 0; c < at.width; ++c)
        mean[c] = static_cast<T>(sum_a[c] * at.inverse_count);
    sum_columns<T>(
        at,
        sum_a,
        sum_b,
        [x, step, &mean](auto r, auto c) { return x[r * step + c] - mean[c]; },
        [x, step, &mean](auto r, auto c) {
            const T d = x[r * step + c] - mean[c];
            return d * d;
        }
    );
    for (std::int64_t c = 0; c < at.width; ++c) {
        const double shift = sum_a[c] * at.inverse_count;
        const double variance = std::max(0.0, sum_b[c] * at.inverse_count - shift * shift);
        io.mean[at.stats + c] = static_cast<double>(mean[c]) + shift;
        io.variance[at.stats + c] = variance;
        mean[c] = static_cast<T>(io.mean[at.stats + c]);
        scale[c] = static_cast<T>(
            static_cast<double>(io.weight[at.channel + c]) / std::sqrt(variance + shape.eps)
        );
    }
    const T* const bias = io.bias + at.channel;
    T* const y = io.y + at.offset;
    for (std::int64_t r = 0; r < at.rows; ++r) {
        for (std::int64_t c = 0; c < at.width; ++c) {
            y[r * step + c] = (x[r * step + c] - mean[c]) * scale[c] + bias[c];
        }
    }
}

template <class T>
BW_INLINE void backward_rows(
    const GhostShape& shape, const GhostBackward<T>& io, std::int64_t unit
) {
    const auto at = row_unit(shape, unit);
    const std::int64_t step = shape.channels;
    const T* const x = io.x + at.offset;
    const T* const dy = io.dy + at.offset;
    double sum_a[kRowChannels];
    double sum_b[kRowChannels];
    T mean[kRowChannels];
    T scale[kRowChannels];
    T mean_dy[kRowChannels];
    T slope[kRowChannels];
    for (std::int64_t c = 0; c < at.width; ++c) mean[c] = static_cast<T>(io.mean[at.stats + c]);
    sum_columns<T>(
        at,
        sum_a,
        sum_b,
        [dy, step](auto r, auto c) { return dy[r * step + c]; },
        [x, dy, step, &mean](auto r, auto c) {
            return dy[r * step + c] * (x[r * step + c] - mean[c]);
        }
    );
    for (std::int64_t c = 0; c < at.width; ++c) {
        const double inverse_std = 1.0 / std::sqrt(io.variance[at.stats + c] + shape.eps);
        io.dbias[at.stats + c] = sum_a[c];
        io.dweight[at.stats + c] = sum_b[c] * inverse_std;
        scale[c] = static_cast<T>(static_cast<double>(io.weight[at.channel + c]) * inverse_std);
        mean_dy[c] = static_cast<T>(sum_a[c] * at.inverse_count);
        slope[c] = static_cast<T>(sum_b[c] * at.inverse_count * inverse_std * inverse_std);
    }
    if (io.dx == nullptr) return;
    T* const dx = io.dx + at.offset;
    for (std::int64_t r = 0; r < at.rows; ++r) {
        for (std::int64_t c = 0; c < at.width; ++c) {
            const std::int64_t i = r * step + c;
            dx[i] = (dy[i] - mean_dy[c] - (x[i] - mean[c]) * slope[c]) * scale[c];
        }
    }
}

template <class T>
BW_INLINE void forward_unit(const GhostShape& shape, const GhostForward<T>& io, std::int64_t unit) {
    switch (shape.memory) {
        case ChannelMemory::planes:
            forward_planes(shape, io, unit);
            return;
        case ChannelMemory::rows:
            forward_rows(shape, io, unit);
            return;
    }
}

template <class T>
BW_INLINE void backward_unit(
    const GhostShape& shape, const GhostBackward<T>& io, std::int64_t unit
) {
    switch (shape.memory) {
        case ChannelMemory::planes:
            backward_planes(shape, io, unit);
            return;
        case ChannelMemory::rows:
            backward_rows(shape, io, unit);
            return;
    }
}

}  // namespace

std::int64_t GhostShape::units() const {
    const auto count = static_cast<std::int64_t>(groups.size());
    switch (memory) {
        case ChannelMemory::planes:
            return count * channels;
        case ChannelMemory::rows:
            return count * ((channels + kRowChannels - 1) / kRowChannels);
    }
    return 0;
}

BW_CLONES void ghost_forward(
    const GhostShape& shape, const GhostForward<float>& io, std::int64_t unit
) {
    forward_unit(shape, io, unit);
}

BW_CLONES void ghost_forward(
    const GhostShape& shape, const GhostForward<double>& io, std::int64_t unit
) {
    forward_unit(shape, io, unit);
}

BW_CLONES void ghost_backward(
    const GhostShape& shape, const GhostBackward<float>& io, std::int64_t unit
) {
    backward_unit(shape, io, unit);
}

BW_CLONES void ghost_backward(
    const GhostShape& shape, const GhostBackward<double>& io, std::int64_t unit
) {
    backward_unit(shape, io, unit);
}

}  // namespace bw::models
