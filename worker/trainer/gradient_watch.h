// Sees a backward finish the gradients, bucket by bucket: hooks on the nodes of the graph that
// accumulate them. It owns these nodes; LibTorch alone would let them, and the hooks, go with each
// graph. Takes no memory of the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/autograd/function.h>

#include "worker/trainer/flat_parameters.h"

namespace bw::trainer {

/// One per rank. Every parameter takes part in a backward once at most.
class GradientWatch {
public:
    /// `on_ready`: this bucket is finished, and so are all before it; called in the order of the
    /// index, by the thread that runs backward. Must not throw.
    GradientWatch(FlatParameters& parameters, std::function<void(std::size_t bucket)> on_ready);
    ~GradientWatch();
    GradientWatch(const GradientWatch&) = delete;
    GradientWatch& operator=(const GradientWatch&) = delete;

    /// Watches the next backward.
    void begin();

    /// No longer. Buckets with an unused parameter were never ready.
    void end() { is_watching_ = false; }

private:
    struct Hook {
        c10::intrusive_ptr<torch::autograd::Node> accumulator;
        std::uintptr_t key = 0;
    };

    void finished(std::size_t bucket);

    std::function<void(std::size_t)> on_ready_;
    std::vector<std::int64_t> parameters_in_, missing_in_;  // each bucket
    std::size_t next_ = 0;                                  // the first bucket that is not ready
    bool is_watching_ = false;
    std::vector<Hook> hooks_;
};

}  // namespace bw::trainer
