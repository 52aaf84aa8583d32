// The base of every part of a network: a LibTorch module with one tensor in and one out, whose
// calls can be observed (to count operations, or to compare intermediate values with a reference)
// without changing the network.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace bw::models {

/// What one call costs. `seed_flops` follows the seed's tool (torchstat): multiply-adds of
/// convolutions plus their biases, 2 per element of a BatchNorm2d, 1 per element of a ReLU, 1 per
/// input element of a pool, linear layers.
struct LayerCost {
    std::int64_t macs = 0;
    std::int64_t seed_flops = 0;
};

/// x -> y, both floating tensors of one type. Not thread-safe.
class Part;

class Layer : public torch::nn::Module {
public:
    virtual torch::Tensor forward(torch::Tensor x) = 0;

    /// Of one call, from the shapes alone. A layer made of others costs nothing itself.
    virtual LayerCost cost(const torch::Tensor& x, const torch::Tensor& y) const;

    /// The parts that forward() calls one after the other, where that is all it does.
    [[nodiscard]] virtual std::span<const Part> sequence() const;

    /// That a segment begins here whose activations are not kept (models/arch/recompute.h): this
    /// many layers, itself the first; 0: none.
    void set_segment(int layers) { segment_ = layers; }

    [[nodiscard]] int segment() const { return segment_; }

protected:
    /// Registers a part under this name and hands it back.
    Part add(const std::string& name, Part part);

    /// Registers a parameter without values, on the device of the innermost ParametersOn.
    torch::Tensor parameter(const std::string& name, torch::IntArrayRef shape);

private:
    int segment_ = 0;
};

/// Where the layers that this thread constructs put their parameters, while it lives: the CPU
/// otherwise.
class ParametersOn {
public:
    explicit ParametersOn(torch::Device device);
    ~ParametersOn();
    ParametersOn(const ParametersOn&) = delete;
    ParametersOn& operator=(const ParametersOn&) = delete;

    /// For values that are not registered parameters.
    static torch::Device device();

private:
    torch::Device before_;
};

/// Whether only shapes are computed: LibTorch has no meta form of many operators in C++, so layers
/// step in.
inline bool is_shape_only(const torch::Tensor& x) { return x.is_meta(); }

/// Sees every call that is made through a Part while it is installed.
class CallObserver {
public:
    virtual ~CallObserver() = default;
    virtual void on_call(const Layer& layer, const torch::Tensor& x, const torch::Tensor& y) = 0;
};

/// Installs an observer for the current thread, for as long as it lives. Not nested.
class ObservedCalls {
public:
    explicit ObservedCalls(CallObserver& observer);
    ~ObservedCalls();
    ObservedCalls(const ObservedCalls&) = delete;
    ObservedCalls& operator=(const ObservedCalls&) = delete;
};

/// A layer as a member of another: callable, and shared as every LibTorch module is.
class Part {
public:
    Part() = default;

    template <class L>
    Part(std::shared_ptr<L> layer) : layer_(std::move(layer)) {}  // NOLINT: a layer is a part

    torch::Tensor operator()(torch::Tensor x) const;

    const std::shared_ptr<Layer>& layer() const { return layer_; }

    explicit operator bool() const { return layer_ != nullptr; }

private:
    std::shared_ptr<Layer> layer_;
};

/// Calls one after the other.
torch::Tensor run_sequence(std::span<const Part> parts, torch::Tensor x);

/// Parts one after the other, registered as "0", "1", … like torch::nn::Sequential.
class Chain : public Layer {
public:
    Chain() = default;
    explicit Chain(std::vector<Part> parts);
    Chain& append(Part part);
    torch::Tensor forward(torch::Tensor x) override;

    [[nodiscard]] std::span<const Part> sequence() const override { return parts_; }

    std::size_t size() const { return parts_.size(); }

private:
    std::vector<Part> parts_;
};

Part chain(std::vector<Part> parts);

}  // namespace bw::models
