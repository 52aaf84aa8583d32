// Which update rule an attempt uses, and its constants. No torch.
#pragma once

#include <string_view>

namespace bw::trainer {

enum class OptimizerKind { sgd, adam, adamw, rmsprop, lamb };
/// "adamw".
std::string_view name_of(OptimizerKind kind);

enum class Nesterov { no, yes };

/// Which parameters weight decay acts on.
enum class DecayScope {
    all,       // as torch does
    matrices,  // those of more than one dimension: neither biases nor the scales of normalisations
};

struct OptimizerSpec {
    OptimizerKind kind = OptimizerKind::adam;
    double momentum = 0;  // of sgd and rmsprop; a schedule may move it
    Nesterov nesterov = Nesterov::no;
    double weight_decay = 0;
    DecayScope decay_scope = DecayScope::all;
    double beta1 = 0.9, beta2 = 0.999;  // of adam, adamw, lamb
    double epsilon = 1e-8;              // of all but sgd
    double rms_decay = 0.99;            // of rmsprop
};

}  // namespace bw::trainer
