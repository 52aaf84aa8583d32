#include "models/arch/layer.h"

#include <utility>

#include "base/assert.h"

namespace bw::models {

namespace {
thread_local CallObserver* t_observer = nullptr;
thread_local torch::Device t_device = torch::kCPU;
}  // namespace

LayerCost Layer::cost(const torch::Tensor&, const torch::Tensor&) const { return {}; }

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

torch::Tensor Chain::forward(torch::Tensor x) {
    for (const auto& part : parts_) x = part(std::move(x));
    return x;
}

Part chain(std::vector<Part> parts) { return std::make_shared<Chain>(std::move(parts)); }

}  // namespace bw::models
