#include "metrics/keys.h"

namespace bw::metrics {

void append(Values& values, const JobKey& key) {
    append(values, key.sweep);
    append(values, key.point);
    append(values, key.job);
}

void append(Values& values, const AttemptKey& key) {
    append(values, key.job);
    append(values, key.attempt);
}

void append(Values& values, const RankKey& key) {
    append(values, key.attempt);
    append(values, key.rank);
}

}  // namespace bw::metrics
