#include "worker/trainer/attempt/regrowth.h"

#include <algorithm>

namespace bw::trainer {

void Regrowth::shrank(std::int64_t step, std::int64_t failed) {
    is_smaller_ = true;
    clean_since_ = step;
    const bool was_grown = grown_to_ > 0 && failed >= grown_to_;
    if (was_grown) banned_from_ = banned_from_ == 0 ? failed : std::min(banned_from_, failed);
}

bool Regrowth::is_due(std::int64_t step) const {
    if (!is_smaller_ || step - clean_since_ < kCleanSteps) return false;
    return !grew_at_ || step - *grew_at_ >= kStepsBetween;
}

void Regrowth::grew(std::int64_t step, std::int64_t micro_batch) {
    grew_at_ = step;
    grown_to_ = micro_batch;
    clean_since_ = step;
}

}  // namespace bw::trainer
