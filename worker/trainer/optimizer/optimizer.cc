#include "worker/trainer/optimizer/optimizer.h"

namespace bw::trainer {

std::unique_ptr<Optimizer> make_optimizer(FlatParameters& parameters, const OptimizerSpec& spec) {
    switch (spec.kind) {
        case OptimizerKind::sgd:
            return make_sgd(parameters, spec);
        case OptimizerKind::adam:
        case OptimizerKind::adamw:
            return make_adam(parameters, spec);
        case OptimizerKind::rmsprop:
            return make_rmsprop(parameters, spec);
        case OptimizerKind::lamb:
            return make_lamb(parameters, spec);
    }
    return nullptr;
}

}  // namespace bw::trainer
