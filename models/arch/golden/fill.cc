#include "models/arch/golden/fill.h"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include "base/assert.h"

namespace bw::models {

namespace {

constexpr std::int64_t kGrain = 1 << 16;

struct Spread {
    double center;
    double amplitude;
};

bool ends_with(const std::string& name, std::string_view end) { return name.ends_with(end); }

FillRole role_of(const std::string& name, const torch::Tensor& tensor) {
    for (const char* part : {"cls_token", "class_token", "pos_embed"}) {
        if (name.find(part) != std::string::npos) return FillRole::embedding;
    }
    if (tensor.squeeze().dim() >= 2) return FillRole::weight;
    return ends_with(name, "bias") || ends_with(name, "beta") ? FillRole::bias : FillRole::scale;
}

Spread spread_of(FillRole role, const torch::Tensor& tensor, double gain2) {
    switch (role) {
        case FillRole::weight: {
            const auto fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
            return {0.0, std::sqrt(gain2) * std::sqrt(3.0 / fan_in)};
        }
        case FillRole::scale:
            return {1.0, 0.1};
        case FillRole::running_var:
            return {1.0, 0.5};
        case FillRole::input:
        case FillRole::bias:
        case FillRole::running_mean:
        case FillRole::embedding:
            return {0.0, 0.1};
    }
    return {0.0, 0.1};
}

void fill_tensor(
    torch::Tensor tensor, FillRole role, std::optional<std::uint32_t> ordinal, double gain2
) {
    BW_ASSERT(
        tensor.is_contiguous() && tensor.scalar_type() == torch::kFloat, "float values in a row"
    );
    const auto seed = fill_seed(role, tensor.sizes(), ordinal);
    const auto spread = spread_of(role, tensor, gain2);
    auto* values = tensor.mutable_data_ptr<float>();
    at::parallel_for(0, tensor.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const double t = fill_value(seed, static_cast<std::uint32_t>(i));
            values[i] = static_cast<float>(spread.center + spread.amplitude * t);
        }
    });
}

std::optional<std::uint32_t> place(FillKind kind, std::uint32_t ordinal) {
    if (kind == FillKind::shape) return std::nullopt;
    return ordinal;
}

}  // namespace

std::uint32_t fill_mix(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ (x >> 16);
}

std::uint32_t fill_seed(
    FillRole role, std::span<const std::int64_t> shape, std::optional<std::uint32_t> ordinal
) {
    std::uint32_t seed = fill_mix(static_cast<std::uint32_t>(role) * 0x9E3779B9U);
    for (const std::int64_t size : shape) {
        if (size != 1) seed = fill_mix(seed ^ static_cast<std::uint32_t>(size));
    }
    if (ordinal) seed = fill_mix(seed ^ (0x51ED0000U + *ordinal));
    return seed;
}

double fill_value(std::uint32_t seed, std::uint32_t index) {
    return static_cast<double>(fill_mix(index + seed) >> 8) * 0x1p-23 - 1.0;
}

void fill_network(Network& network, FillKind kind, double gain2) {
    const torch::NoGradGuard no_grad;
    std::uint32_t ordinal = 0;
    for (const auto& item : network.named_parameters()) {
        fill_tensor(item.value(), role_of(item.key(), item.value()), place(kind, ordinal), gain2);
        ++ordinal;
    }
    ordinal = 0;
    for (const auto& item : network.named_buffers()) {
        // By name: Module::to(double) turns num_batches_tracked into a floating buffer too.
        const bool is_mean = ends_with(item.key(), "running_mean");
        if (!is_mean && !ends_with(item.key(), "running_var")) continue;
        const auto role = is_mean ? FillRole::running_mean : FillRole::running_var;
        fill_tensor(item.value(), role, place(kind, ordinal), gain2);
        ++ordinal;
    }
}

torch::Tensor golden_input(const InputShape& shape) {
    auto image = torch::empty({1, shape.channels, shape.height, shape.width});
    const std::int64_t sizes[] = {shape.channels, shape.height, shape.width};
    const auto seed = fill_seed(FillRole::input, sizes);
    auto* values = image.mutable_data_ptr<float>();
    std::uint32_t i = 0;
    for (int c = 0; c < shape.channels; ++c) {
        for (int h = 0; h < shape.height; ++h) {
            for (int w = 0; w < shape.width; ++w, ++i) {
                const double wave = std::sin(0.07 * h + 0.11 * (c + 1) * w);
                values[i] = static_cast<float>(wave + 0.25 * fill_value(seed, i));
            }
        }
    }
    return image;
}

}  // namespace bw::models
