#include "models/arch/layer.h"

#include <algorithm>
#include <utility>

#include <c10/core/GradMode.h>

#include "base/assert.h"
#include "models/arch/recompute.h"

namespace bw::models {

namespace {
thread_local CallObserver* t_observer = nullptr;
thread_local torch::Device t_device = torch::kCPU;

/// Of the segment that begins with this layer, if its activations are not to be kept now; else 0.
std::size_t segment_at(const Layer& layer) {
    const bool applies = layer.segment() > 0 && layer.is_training() &&
                         c10::GradMode::is_enabled() && t_observer == nullptr;
    return applies ? static_cast<std::size_t>(layer.segment()) : 0;
}
}  // namespace

LayerCost Layer::cost(const torch::Tensor&, const torch::Tensor&) const { return {}; }

std::span<const Part> Layer::sequence() const { return {}; }

ParametersOn::ParametersOn(torch::Device device) : before_(t_device) { t_device = device; }

ParametersOn::~ParametersOn() { t_device = before_; }

torch::Device ParametersOn::device() { return t_device; }

torch::Tensor Layer::parameter(const std::string& name, torch::IntArrayRef shape) {
    return register_parameter(name, torch::empty(shape, t_device));
}

Part Layer::add(const std::string& name, Part part) {
    register_module(name, part.layer());
    return part;
}

ObservedCalls::ObservedCalls(CallObserver& observer) {
    BW_ASSERT(t_observer == nullptr, "one observer of layer calls at a time");
    t_observer = &observer;
}

ObservedCalls::~ObservedCalls() { t_observer = nullptr; }

torch::Tensor Part::operator()(torch::Tensor x) const {
    if (segment_at(*layer_) == 1) return run_segment({this, 1}, x);
    if (t_observer == nullptr) return layer_->forward(std::move(x));
    auto y = layer_->forward(x);
    t_observer->on_call(*layer_, x, y);
    return y;
}

Chain::Chain(std::vector<Part> parts) {
    for (auto& part : parts) append(std::move(part));
}

Chain& Chain::append(Part part) {
    parts_.push_back(add(std::to_string(parts_.size()), std::move(part)));
    return *this;
}

torch::Tensor run_sequence(std::span<const Part> parts, torch::Tensor x) {
    for (std::size_t i = 0; i < parts.size();) {
        const std::size_t segment = segment_at(*parts[i].layer());
        const std::size_t count = std::max<std::size_t>(1, segment);
        x = segment > 1 ? run_segment(parts.subspan(i, segment), x) : parts[i](std::move(x));
        i += count;
    }
    return x;
}

torch::Tensor Chain::forward(torch::Tensor x) { return run_sequence(parts_, std::move(x)); }

Part chain(std::vector<Part> parts) { return std::make_shared<Chain>(std::move(parts)); }

}  // namespace bw::models
