#include "models/arch/ghost_norm.h"

#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/assert.h"
#include "models/arch/ghost_kernels.h"

namespace bw::models {

namespace {

using torch::Tensor;

constexpr std::int64_t kGrainValues =
    32 * 1024;  // per unit of a thread: less is not worth waking one

std::vector<GroupRange> ranges_of(std::span<const std::int64_t> sizes) {
    std::vector<GroupRange> ranges;
    ranges.reserve(sizes.size());
    std::int64_t first = 0;
    for (const std::int64_t size : sizes) {
        ranges.push_back({.first = first, .count = size});
        first += size;
    }
    return ranges;
}

ChannelMemory memory_of(const Tensor& x) {
    const bool one_position = x.numel() == x.size(0) * x.size(1);
    if (one_position) return ChannelMemory::rows;
    return x.is_contiguous() ? ChannelMemory::planes : ChannelMemory::rows;
}

/// In whole planes or whole rows, which the kernels need.
Tensor dense(const Tensor& x) {
    if (x.is_contiguous()) return x;
    if (x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast)) return x;
    return x.contiguous();
}

GhostShape shape_of(const Tensor& x, std::span<const GroupRange> groups, double eps) {
    return {
        .memory = memory_of(x),
        .channels = x.size(1),
        .positions = x.numel() / (x.size(0) * x.size(1)),
        .groups = groups,
        .eps = eps,
    };
}

template <class Unit>
void for_units(const GhostShape& shape, std::int64_t values, Unit unit) {
    const std::int64_t units = shape.units();
    const std::int64_t grain =
        std::max<std::int64_t>(1, kGrainValues * units / std::max<std::int64_t>(1, values));
    at::parallel_for(0, units, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) unit(i);
    });
}

template <class T>
void forward_on_cpu(
    const GhostShape& shape,
    const Tensor& x,
    const Tensor& weight,
    const Tensor& bias,
    Tensor& y,
    Tensor& stats
) {
    const auto groups = static_cast<std::int64_t>(shape.groups.size());
    auto* mean = stats.mutable_data_ptr<double>();
    const GhostForward<T> io{
        .x = x.const_data_ptr<T>(),
        .weight = weight.const_data_ptr<T>(),
        .bias = bias.const_data_ptr<T>(),
        .y = y.mutable_data_ptr<T>(),
        .mean = mean,
        .variance = mean + groups * shape.channels,
    };
    for_units(shape, x.numel(), [&](std::int64_t unit) { ghost_forward(shape, io, unit); });
}

template <class T>
void backward_on_cpu(
    const GhostShape& shape,
    const Tensor& x,
    const Tensor& dy,
    const Tensor& weight,
    const Tensor& stats,
    Tensor& dx,
    Tensor& shares
) {
    const auto groups = static_cast<std::int64_t>(shape.groups.size());
    const auto* mean = stats.const_data_ptr<double>();
    auto* dweight = shares.mutable_data_ptr<double>();
    const GhostBackward<T> io{
        .x = x.const_data_ptr<T>(),
        .dy = dy.const_data_ptr<T>(),
        .weight = weight.const_data_ptr<T>(),
        .mean = mean,
        .variance = mean + groups * shape.channels,
        .dx = dx.defined() ? dx.mutable_data_ptr<T>() : nullptr,
        .dweight = dweight,
        .dbias = dweight + groups * shape.channels,
    };
    for_units(shape, x.numel(), [&](std::int64_t unit) { ghost_backward(shape, io, unit); });
}

/// Groups of one size side by side, so that one call normalises them all: [groups, size, channels,
/// positions].
struct Segment {
    std::int64_t group;
    std::int64_t groups;
    GroupRange range;
};

std::vector<Segment> segments_of(std::span<const GroupRange> groups) {
    std::vector<Segment> segments;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (!segments.empty() &&
            groups[g].count * segments.back().groups == segments.back().range.count) {
            ++segments.back().groups;
            segments.back().range.count += groups[g].count;
        } else {
            segments.push_back(
                {.group = static_cast<std::int64_t>(g), .groups = 1, .range = groups[g]}
            );
        }
    }
    return segments;
}

Tensor cut(const Tensor& x, const Segment& segment) {
    return x.narrow(0, segment.range.first, segment.range.count)
        .view({segment.groups, segment.range.count / segment.groups, x.size(1), -1});
}

/// [groups, channels] of one segment, to be broadcast against cut().
Tensor spread(const Tensor& stats, const Segment& segment) {
    const auto part = stats.narrow(0, segment.group, segment.groups);
    return part.unsqueeze(1).unsqueeze(3);
}

// Devices other than the CPU: the same sums by LibTorch's operators, over all groups of a size at
// once.
void forward_by_operators(
    std::span<const GroupRange> groups,
    double eps,
    const Tensor& x,
    const Tensor& weight,
    const Tensor& bias,
    Tensor& y,
    Tensor& stats
) {
    for (const auto& segment : segments_of(groups)) {
        const auto values = cut(x, segment);
        auto [variance, mean] = at::var_mean(values, at::IntArrayRef{1, 3}, 0.0, /*keepdim=*/true);
        const auto scale = weight.view({1, 1, -1, 1}) * (variance + eps).rsqrt();
        auto out = cut(y, segment);
        at::addcmul_out(out, bias.view({1, 1, -1, 1}), values - mean, scale);
        stats[0].narrow(0, segment.group, segment.groups).copy_(mean.squeeze(3).squeeze(1));
        stats[1].narrow(0, segment.group, segment.groups).copy_(variance.squeeze(3).squeeze(1));
    }
}

void backward_by_operators(
    std::span<const GroupRange> groups,
    double eps,
    const Tensor& x,
    const Tensor& dy,
    const Tensor& weight,
    const Tensor& stats,
    Tensor& dx,
    Tensor& shares
) {
    for (const auto& segment : segments_of(groups)) {
        const auto slopes = cut(dy, segment);
        const auto centred = cut(x, segment) - spread(stats[0], segment).to(x.scalar_type());
        const auto inverse_std = (spread(stats[1], segment) + eps).rsqrt();
        const auto sum_dy = slopes.sum(at::IntArrayRef{1, 3}, /*keepdim=*/true);
        const auto dot = (slopes * centred).sum(at::IntArrayRef{1, 3}, /*keepdim=*/true);
        const auto narrow_share = [&](std::int64_t which) {
            return shares[which].narrow(0, segment.group, segment.groups).unsqueeze(1).unsqueeze(3);
        };
        narrow_share(0).copy_(dot * inverse_std);
        narrow_share(1).copy_(sum_dy);
        if (!dx.defined()) continue;
        const double count = static_cast<double>(slopes.size(1) * slopes.size(3));
        const auto slope = (dot * inverse_std.square() / count).to(x.scalar_type());
        const auto scale = (weight.view({1, 1, -1, 1}) * inverse_std).to(x.scalar_type());
        cut(dx, segment).copy_((slopes - sum_dy / count - centred * slope) * scale);
    }
}

/// n_j * mean_j, n_j * (var_j + mean_j^2), and the count, added group by group in sample order.
void collect_on_cpu(const Tensor& stats, const GhostShape& shape, const Tensor& collected) {
    const auto groups = static_cast<std::int64_t>(shape.groups.size());
    const auto* mean = stats.const_data_ptr<double>();
    const auto* variance = mean + groups * shape.channels;
    auto* sums = collected.mutable_data_ptr<double>();
    for (std::int64_t g = 0; g < groups; ++g) {
        const auto n =
            static_cast<double>(shape.groups[static_cast<std::size_t>(g)].count * shape.positions);
        for (std::int64_t c = 0; c < shape.channels; ++c) {
            const double m = mean[g * shape.channels + c];
            sums[c] += n * m;
            sums[shape.channels + c] += n * (variance[g * shape.channels + c] + m * m);
        }
        sums[2 * shape.channels] += n;
    }
}

/// The same without a word from the device to the host, which would wait for it in every layer.
void collect_by_operators(const Tensor& stats, const GhostShape& shape, const Tensor& collected) {
    auto means = collected.narrow(0, 0, shape.channels);
    auto squares = collected.narrow(0, shape.channels, shape.channels);
    for (const auto& segment : segments_of(shape.groups)) {
        const auto count = static_cast<double>(segment.range.count * shape.positions);
        const auto n = count / static_cast<double>(segment.groups);
        const auto mean = stats[0].narrow(0, segment.group, segment.groups);
        const auto variance = stats[1].narrow(0, segment.group, segment.groups);
        means.add_(mean.sum(0), n);
        squares.add_((variance + mean.square()).sum(0), n);
        collected.narrow(0, 2 * shape.channels, 1).add_(count);
    }
}

/// [2, groups, channels] -> two of [channels], added in the order of the groups.
std::pair<Tensor, Tensor> summed(const Tensor& shares, at::ScalarType type) {
    const auto sums = shares.sum(1).to(type);
    return {sums[0], sums[1]};
}

struct GhostOptions {
    std::vector<std::int64_t> sizes;
    double eps;
    Tensor collected;
    GhostWay way;

    [[nodiscard]] bool uses_operators(const Tensor& x) const {
        return way == GhostWay::operators || !x.is_cpu();
    }
};

class GhostNorm : public torch::autograd::Function<GhostNorm> {
public:
    static Tensor forward(
        torch::autograd::AutogradContext* context,
        const Tensor& input,
        const Tensor& weight,
        const Tensor& bias,
        const GhostOptions& options
    ) {
        const auto x = dense(input);
        const auto groups = ranges_of(options.sizes);
        const auto shape = shape_of(x, groups, options.eps);
        auto y = at::empty_like(x);
        const auto count = static_cast<std::int64_t>(groups.size());
        auto stats = at::empty({2, count, shape.channels}, x.options().dtype(at::kDouble));
        const bool by_operators = options.uses_operators(x);
        if (by_operators) {
            forward_by_operators(groups, options.eps, x, weight, bias, y, stats);
        } else if (x.scalar_type() == at::kDouble) {
            forward_on_cpu<double>(shape, x, weight, bias, y, stats);
        } else {
            forward_on_cpu<float>(shape, x, weight, bias, y, stats);
        }
        if (options.collected.defined()) {
            const auto collect = by_operators ? collect_by_operators : collect_on_cpu;
            collect(stats, shape, options.collected);
        }
        context->save_for_backward({x, weight, stats});
        context->saved_data["sizes"] = options.sizes;
        context->saved_data["eps"] = options.eps;
        context->saved_data["by_operators"] = by_operators;
        return y;
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext* context, const torch::autograd::variable_list& slopes
    ) {
        TORCH_CHECK(!at::GradMode::is_enabled(), "grouped BatchNorm has no second derivative");
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& weight = saved[1];
        const auto& stats = saved[2];
        const auto sizes = context->saved_data["sizes"].toIntVector();
        const double eps = context->saved_data["eps"].toDouble();
        const auto groups = ranges_of(sizes);
        const auto shape = shape_of(x, groups, eps);
        const auto dy = slopes[0].contiguous(x.suggest_memory_format());
        auto dx = context->needs_input_grad(0) ? at::empty_like(x) : Tensor();
        auto shares = at::empty_like(stats);
        if (context->saved_data["by_operators"].toBool()) {
            backward_by_operators(groups, eps, x, dy, weight, stats, dx, shares);
        } else if (x.scalar_type() == at::kDouble) {
            backward_on_cpu<double>(shape, x, dy, weight, stats, dx, shares);
        } else {
            backward_on_cpu<float>(shape, x, dy, weight, stats, dx, shares);
        }
        const auto [dweight, dbias] = summed(shares, weight.scalar_type());
        return {dx, dweight, dbias, Tensor()};
    }
};

}  // namespace

Tensor ghost_norm(
    const Tensor& x,
    const Tensor& weight,
    const Tensor& bias,
    std::span<const std::int64_t> group_sizes,
    double eps,
    const Tensor& collected,
    GhostWay way
) {
    std::int64_t samples = 0;
    for (const std::int64_t size : group_sizes) samples += size;
    BW_ASSERT(samples == x.size(0), "the groups cover the micro-batch");
    GhostOptions options{{group_sizes.begin(), group_sizes.end()}, eps, collected, way};
    const bool reduced =
        x.scalar_type() != weight.scalar_type();  // bfloat16 or half under autocast
    const auto input = reduced ? x.to(weight.scalar_type()) : x;
    auto y = GhostNorm::apply(input, weight, bias, options);
    return reduced ? y.to(x.scalar_type()) : y;
}

}  // namespace bw::models
