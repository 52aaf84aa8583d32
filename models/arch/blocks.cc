#include "models/arch/blocks.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

namespace bw::models {

namespace {

class NamedConvNorm final : public Layer {
public:
    NamedConvNorm(Part conv, Part norm, Part activation)
        : conv_(add("conv", std::move(conv))),
          bn_(add("bn", std::move(norm))),
          activation_(std::move(activation)) {}

    torch::Tensor forward(torch::Tensor x) override {
        x = bn_(conv_(std::move(x)));
        return activation_ ? activation_(std::move(x)) : x;
    }

private:
    Part conv_, bn_, activation_;
};

class Parallel final : public Layer {
public:
    explicit Parallel(std::vector<std::vector<Step>> paths) : paths_(std::move(paths)) {
        for (const auto& path : paths_) {
            for (const auto& step : path) {
                if (!step.name.empty()) add(step.name, step.part);
            }
        }
    }

    torch::Tensor forward(torch::Tensor x) override {
        std::vector<torch::Tensor> outputs;
        outputs.reserve(paths_.size());
        for (const auto& path : paths_) {
            auto y = x;
            for (const auto& step : path) y = step.part(std::move(y));
            outputs.push_back(std::move(y));
        }
        return at::cat(outputs, 1);
    }

private:
    std::vector<std::vector<Step>> paths_;
};

}  // namespace

Part conv_norm(
    std::int64_t in,
    std::int64_t out,
    const ConvOptions& options,
    Part activation,
    const NormOptions& norm
) {
    auto parts = std::make_shared<Chain>();
    parts->append(conv(in, out, options)).append(batch_norm(out, norm.eps, norm.momentum));
    if (activation) parts->append(std::move(activation));
    return parts;
}

Part named_conv_norm(
    std::int64_t in,
    std::int64_t out,
    const ConvOptions& options,
    Part activation,
    const NormOptions& norm
) {
    return std::make_shared<NamedConvNorm>(
        conv(in, out, options), batch_norm(out, norm.eps, norm.momentum), std::move(activation)
    );
}

Part uncounted_relu() {
    return function([](const torch::Tensor& x) { return relu_in_place(x); });
}

Part parallel(std::vector<std::vector<Step>> paths) {
    return std::make_shared<Parallel>(std::move(paths));
}

std::int64_t round_channels(double channels, std::int64_t divisor) {
    const auto half = static_cast<double>(divisor) / 2;
    const auto nearest = static_cast<std::int64_t>(channels + half) / divisor * divisor;
    const auto rounded = std::max(divisor, nearest);
    return static_cast<double>(rounded) < 0.9 * channels ? rounded + divisor : rounded;
}

torch::Tensor shuffle_channels(const torch::Tensor& x, std::int64_t groups) {
    const auto n = x.size(0);
    const auto channels = x.size(1);
    return x.view({n, groups, channels / groups, x.size(2), x.size(3)})
        .transpose(1, 2)
        .reshape({n, channels, x.size(2), x.size(3)});
}

}  // namespace bw::models
