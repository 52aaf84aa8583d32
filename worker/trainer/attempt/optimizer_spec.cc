#include "worker/trainer/attempt/optimizer_spec.h"

namespace bw::trainer {

std::string_view name_of(OptimizerKind kind) {
    switch (kind) {
        case OptimizerKind::sgd:
            return "sgd";
        case OptimizerKind::adam:
            return "adam";
        case OptimizerKind::adamw:
            return "adamw";
        case OptimizerKind::rmsprop:
            return "rmsprop";
        case OptimizerKind::lamb:
            return "lamb";
    }
    return "";
}

}  // namespace bw::trainer
