#include "sweeps/points.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "base/sha256.h"
#include "sweeps/canonical.h"
#include "sweeps/grid.h"
#include "sweeps/quantile.h"
#include "sweeps/training.h"

namespace bw::sweeps {
namespace {

// FNV-1a: a word of a key, so that a parameter's draws do not change when others come or go.
std::uint64_t word_of(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325ull;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return hash;
}

}  // namespace

Map random_params(const Sweep& sweep, std::uint64_t ordinal) {
    Map params;
    for (const Parameter& parameter : sweep.parameters) {
        Rng rng(key_of(sweep.options.seed, ordinal, word_of(parameter.name)));
        put_nested(params, parameter.levels, quantile_at(parameter, rng.uniform()));
    }
    return params;
}

std::optional<std::uint64_t> point_count(const Sweep& sweep) {
    std::optional<std::uint64_t> cap;
    if (sweep.run_cap) cap = static_cast<std::uint64_t>(*sweep.run_cap);
    switch (sweep.method) {
        case Method::grid: {
            const std::uint64_t size = grid_size(sweep.parameters);
            return cap ? std::min(size, *cap) : size;
        }
        case Method::random:
            return cap;
        case Method::bayes:
        case Method::custom:
            return 0;  // their points come from a searcher, one by one
    }
    return 0;
}

std::optional<Point> point_at(const Sweep& sweep, std::uint64_t ordinal) {
    const auto count = point_count(sweep);
    if (count && ordinal >= *count) return std::nullopt;
    Point point;
    point.ordinal = ordinal;
    point.params = sweep.method == Method::grid ? grid_params(sweep.parameters, ordinal)
                                                : random_params(sweep, ordinal);
    if (!sweep.external) point.params = complete_training_params(point.params);
    point.hash = sha256_hex(canonical_json(Value{point.params})).substr(0, 12);
    return point;
}

}  // namespace bw::sweeps
