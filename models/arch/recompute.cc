#include "models/arch/recompute.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "models/arch/layers.h"

namespace bw::models {
namespace {

using torch::Tensor;
using torch::autograd::variable_list;

thread_local bool t_is_repeated = false;

/// Where the default generator stands. On the CPU nothing is allocated for it.
class GeneratorState {
public:
    explicit GeneratorState(c10::Device device) : device_(device) {
        if (!device.is_cpu()) {
            auto generator = at::globalContext().defaultGenerator(device_);
            const std::lock_guard lock(generator.mutex());
            other_ = generator.get_state();
            return;
        }
        auto& generator = cpu();
        const std::lock_guard lock(generator.mutex_);
        engine_ = generator.engine();
        next_float_ = generator.next_float_normal_sample();
        next_double_ = generator.next_double_normal_sample();
    }

    void restore() const {
        if (!device_.is_cpu()) {
            auto generator = at::globalContext().defaultGenerator(device_);
            const std::lock_guard lock(generator.mutex());
            generator.set_state(other_);
            return;
        }
        auto& generator = cpu();
        const std::lock_guard lock(generator.mutex_);
        generator.set_engine(engine_);
        generator.set_next_float_normal_sample(next_float_);
        generator.set_next_double_normal_sample(next_double_);
    }

private:
    static at::CPUGeneratorImpl& cpu() {
        return *at::check_generator<at::CPUGeneratorImpl>(at::detail::getDefaultCPUGenerator());
    }

    c10::Device device_;
    at::mt19937 engine_;
    std::optional<float> next_float_;
    std::optional<double> next_double_;
    Tensor other_;
};

/// Mixed precision as it was at this place of the forward, for as long as it lives. Without its
/// cache of cast weights: what was cast in a forward without gradients is of no use in the other.
class AutocastAs {
public:
    AutocastAs(c10::DeviceType device, bool enabled)
        : device_(device),
          was_enabled_(at::autocast::is_autocast_enabled(device)),
          had_cache_(at::autocast::is_autocast_cache_enabled()) {
        at::autocast::set_autocast_enabled(device, enabled);
        at::autocast::set_autocast_cache_enabled(false);
    }

    AutocastAs(const AutocastAs&) = delete;
    AutocastAs& operator=(const AutocastAs&) = delete;

    ~AutocastAs() {
        at::autocast::set_autocast_enabled(device_, was_enabled_);
        at::autocast::set_autocast_cache_enabled(had_cache_);
    }

private:
    c10::DeviceType device_;
    bool was_enabled_, had_cache_;
};

/// What a segment's backward must know of its forward.
struct SegmentCall final : torch::CustomClassHolder {
    SegmentCall(std::span<const Part> which, c10::Device device)
        : parts(which),
          generator(device),
          device_type(device.type()),
          autocast(at::autocast::is_autocast_enabled(device_type)) {}

    /// Not through Part: the segment would find itself to be one.
    [[nodiscard]] Tensor forward(Tensor x) const {
        const AutocastAs as_then(device_type, autocast);
        for (const auto& part : parts) x = part.layer()->forward(std::move(x));
        return x;
    }

    std::span<const Part> parts;
    GeneratorState generator;
    c10::DeviceType device_type;
    bool autocast;
};

/// While it lives, this thread repeats a forward with the random numbers of the first.
class Repetition {
public:
    Repetition(const SegmentCall& call, c10::Device device) : after_(device) {
        call.generator.restore();
        t_is_repeated = true;
    }

    Repetition(const Repetition&) = delete;
    Repetition& operator=(const Repetition&) = delete;

    ~Repetition() {
        t_is_repeated = false;
        after_.restore();
    }

private:
    GeneratorState after_;
};

class Segment : public torch::autograd::Function<Segment> {
public:
    /// `anchor` needs a gradient and never gets one: of a segment that the images enter, nothing
    /// else would say that it must be gone through in backward.
    static Tensor forward(
        torch::autograd::AutogradContext* context,
        const Tensor& x,
        const Tensor& /*anchor*/,
        std::span<const Part> parts
    ) {
        auto call = c10::make_intrusive<SegmentCall>(parts, x.device());
        context->save_for_backward({x});
        auto y = call->forward(x);
        context->saved_data["call"] = c10::IValue::make_capsule(std::move(call));
        return y;
    }

    static variable_list backward(
        torch::autograd::AutogradContext* context, const variable_list& slopes
    ) {
        const auto saved = context->get_saved_variables();
        const auto held = context->saved_data["call"].toCapsule();
        const auto& call = static_cast<const SegmentCall&>(*held);
        auto x = saved[0].detach();
        x.requires_grad_(saved[0].requires_grad());
        Tensor y;
        {
            const torch::AutoGradMode with_graph(true);
            const Repetition repetition(call, x.device());
            y = call.forward(x);
        }
        torch::autograd::backward({y}, {slopes[0]});
        return {x.grad(), Tensor(), Tensor()};
    }
};

const Tensor& anchor() {
    static const auto one = torch::zeros({1}).requires_grad_();
    return one;
}

/// Convolutions and linear layers in it.
int weighted_layers(const Layer& layer) {
    int count = 0;
    for (const auto& module : layer.modules()) {
        const auto* one = module.get();
        count += dynamic_cast<const Conv*>(one) != nullptr ||
                 dynamic_cast<const Linear*>(one) != nullptr;
    }
    return count;
}

bool has_linear(const Layer& layer) {
    for (const auto& module : layer.modules()) {
        if (dynamic_cast<const Linear*>(module.get()) != nullptr) return true;
    }
    return false;
}

/// Cuts a network into segments; each is noted at its first layer.
class Cutter {
public:
    explicit Cutter(Recompute recompute) : recompute_(recompute) {}

    /// What is in a layer that is no segment itself.
    void visit(Layer& layer) {
        if (const auto parts = layer.sequence(); !parts.empty()) return cut(parts);
        for (const auto& child : layer.children()) {
            auto* inner = dynamic_cast<Layer*>(child.get());
            if (inner == nullptr) continue;
            if (is_block(*inner)) {
                note(*inner, 1);
            } else {
                visit(*inner);
            }
        }
    }

    [[nodiscard]] int segments() const { return segments_; }

private:
    static constexpr int kRunMax = 3;  // convolutions in a run of layers

    static bool is_block(const Layer& layer) {
        return layer.sequence().empty() && weighted_layers(layer) >= 2;
    }

    void note(Layer& first, int count) {
        first.set_segment(recompute_ == Recompute::segments ? count : 0);
        ++segments_;
    }

    /// Blocks by themselves; between them runs that begin with a convolution and end after a pool,
    /// before a block, or where they get long. No run begins with a layer that works in place: its
    /// input must stay as it is.
    void cut(std::span<const Part> parts) {
        std::size_t begin = 0;
        int convolutions = 0;
        const auto end_run = [&](std::size_t end) {
            if (convolutions > 0 && end - begin > 1)
                note(*parts[begin].layer(), static_cast<int>(end - begin));
            convolutions = 0;
        };
        for (std::size_t i = 0; i < parts.size(); ++i) {
            Layer& layer = *parts[i].layer();
            const int weighted = weighted_layers(layer);
            const bool is_inner = weighted > 1 || has_linear(layer);
            if (is_inner || (weighted > 0 && convolutions == kRunMax)) end_run(i);
            if (is_block(layer)) note(layer, 1);
            if (is_inner && !is_block(layer)) visit(layer);
            if (is_inner) continue;
            if (convolutions == 0 && weighted > 0) begin = i;
            convolutions += weighted;
            if (dynamic_cast<Pool*>(&layer) != nullptr) end_run(i + 1);
        }
        end_run(parts.size());
    }

    Recompute recompute_;
    int segments_ = 0;
};

}  // namespace

int set_recompute(Network& network, Recompute recompute) {
    anchor();  // now, not in the midst of a step whose memory is watched
    Cutter cutter(recompute);
    cutter.visit(network);
    return cutter.segments();
}

bool is_repeated_forward() { return t_is_repeated; }

Tensor run_segment(std::span<const Part> parts, const Tensor& x) {
    return Segment::apply(x, anchor(), parts);
}

}  // namespace bw::models
