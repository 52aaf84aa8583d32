// A network's parameters and gradients as views of a few flat, preallocated buckets in reverse
// registration order, which is about the order in which backward finishes them. Reduction, zeroing
// and the optimizer work on whole buckets. Gradients are zeroed in place; Optimizer::zero_grad of
// LibTorch would detach the views.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace bw::trainer {

inline constexpr std::int64_t kBucketBytes = 2 << 20;

struct FlatBucket {
    torch::Tensor weights, gradients;  // 1-d, of the parameters' type; zeros between the parameters
};

/// Where a parameter lies.
struct FlatSlot {
    std::string name;
    std::size_t bucket = 0;
    std::int64_t offset = 0, numel = 0;
    std::vector<std::int64_t> sizes, strides;

    /// This parameter's part of a tensor that is laid out like its bucket.
    [[nodiscard]] torch::Tensor view_of(const torch::Tensor& flat) const;
};

/// Created once the network has its final type, device and memory format; the network's parameters
/// must not be replaced after.
class FlatParameters {
public:
    explicit FlatParameters(torch::nn::Module& network, std::int64_t bucket_bytes = kBucketBytes);

    std::vector<FlatBucket>& buckets() { return buckets_; }

    [[nodiscard]] const std::vector<FlatBucket>& buckets() const { return buckets_; }

    [[nodiscard]] const std::vector<FlatSlot>& slots() const {
        return slots_;
    }  // in registration order

    /// The network's own tensors, in registration order: slots()[i] says where the i-th lies.
    [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }

    void zero_gradients();

private:
    std::vector<torch::Tensor> parameters_;
    std::vector<FlatBucket> buckets_;
    std::vector<FlatSlot> slots_;
};

}  // namespace bw::trainer
