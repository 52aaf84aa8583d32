#include "sweeps/points.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "base/sha256.h"
#include "models/catalog/catalog.h"
#include "sweeps/canonical.h"
#include "sweeps/grid.h"
#include "sweeps/matrix.h"
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

constexpr std::string_view kWorldSizeKey = "world_size";

std::uint64_t replicated(const Sweep& sweep, std::uint64_t assignments) {
    const auto replicas = static_cast<std::uint64_t>(sweep.options.replicas.count);
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    return assignments > limit / replicas ? limit : assignments * replicas;
}

std::uint64_t assignments_of_grid(const Sweep& sweep) {
    const std::uint64_t size =
        sweep.matrix ? sweep.matrix->kept + sweep.matrix->own.size() : grid_size(sweep.parameters);
    const std::uint64_t more = sweep.options.points.size();
    return size > std::numeric_limits<std::uint64_t>::max() - more ? size : size + more;
}

void set(Map& map, std::string_view key, Value value) {
    for (auto& [name, old] : map) {
        if (name != key) continue;
        old = std::move(value);
        return;
    }
    map.emplace_back(key, std::move(value));
}

// What a point of batchwright.points leaves out and the file holds constant.
Map explicit_params(const Sweep& sweep, const Map& given) {
    Map params;
    for (const Parameter& parameter : sweep.parameters) {
        if (parameter.distribution == Distribution::constant)
            put_nested(params, parameter.levels, parameter.values.front());
    }
    for (const auto& [name, value] : given) set(params, name, value);
    return params;
}

// A permutation of [0, size) that needs no memory: a Feistel network over the next power of four,
// walked until it is inside.
std::uint64_t shuffled(std::uint64_t index, std::uint64_t size, std::uint64_t seed) {
    unsigned half = 1;
    while (half < 32 && (std::uint64_t{1} << (2 * half)) < size) ++half;
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    do {
        std::uint64_t left = index >> half, right = index & mask;
        for (std::uint64_t round = 0; round < 4; ++round) {
            Rng rng(key_of(seed, 0x6f72646572u + round, right));
            const std::uint64_t mixed = (left ^ rng.next()) & mask;
            left = right;
            right = mixed;
        }
        index = left << half | right;
    } while (index >= size);
    return index;
}

// The assignment of a grid at a position of its order.
Map grid_assignment(const Sweep& sweep, std::uint64_t position) {
    const std::uint64_t size = sweep.matrix ? sweep.matrix->kept : grid_size(sweep.parameters);
    if (position >= size) return explicit_params(sweep, sweep.matrix->own[position - size]);
    if (sweep.options.order == Order::random)
        position = shuffled(position, size, sweep.options.seed);
    if (!sweep.matrix) return grid_params(sweep.parameters, position);
    Map params = grid_params(sweep.parameters, grid_index(*sweep.matrix, position));
    merge_included(sweep, params);
    return params;
}

// A value of the file's own is where the replicas begin.
void add_replica(const Sweep& sweep, std::uint64_t ordinal, Map& params) {
    const Replicas& replicas = sweep.options.replicas;
    if (replicas.count <= 1) return;
    const auto replica =
        static_cast<std::int64_t>(ordinal % static_cast<std::uint64_t>(replicas.count));
    const Value* first = find_value(params, replicas.parameter);
    const auto* number = first == nullptr ? nullptr : std::get_if<std::int64_t>(&first->data);
    set(params, replicas.parameter, Value{(number == nullptr ? 0 : *number) + replica});
}

const Map* rules_for(const Sweep& sweep, std::string_view model) {
    const auto canonical_name = [](std::string_view name) {
        const models::ModelInfo* known = models::find_model(name);
        return known == nullptr ? name : std::string_view(known->name);
    };
    for (const auto& [name, rules] : sweep.options.per_model) {
        if (canonical_name(name) == canonical_name(model)) return std::get_if<Map>(&rules.data);
    }
    return nullptr;
}

void apply_per_model(const Sweep& sweep, Map& params) {
    const Value* model = find_value(params, "model");
    const auto* name = model == nullptr ? nullptr : std::get_if<std::string>(&model->data);
    const Map* rules = name == nullptr ? nullptr : rules_for(sweep, *name);
    if (rules == nullptr) return;
    for (const auto& [key, value] : *rules) {
        if (key == kWorldSizeKey) continue;
        const TrainingParameter* known = sweep.external ? nullptr : find_training_parameter(key);
        set(params, known == nullptr ? key : known->name, value);
    }
    if (!sweep.external) params = complete_training_params(params);
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

Sampler sampler_of(const Sweep& sweep) {
    if (sweep.options.sampler != Sampler::by_method) return sweep.options.sampler;
    return sweep.method == Method::bayes ? Sampler::gp : Sampler::random;
}

bool is_searched(const Sweep& sweep) {
    switch (sweep.method) {
        case Method::grid:
            return false;
        case Method::random:
        case Method::bayes:
            return sampler_of(sweep) != Sampler::random;
        case Method::custom:
            return true;
    }
    return false;
}

std::optional<std::uint64_t> point_count(const Sweep& sweep) {
    std::optional<std::uint64_t> count;
    const auto lower_to = [&count](std::uint64_t limit) {
        count = std::min(count.value_or(limit), limit);
    };
    if (sweep.run_cap) lower_to(static_cast<std::uint64_t>(*sweep.run_cap));
    if (sweep.options.budget.jobs > 0)
        lower_to(static_cast<std::uint64_t>(sweep.options.budget.jobs));
    if (sweep.method == Method::grid) lower_to(replicated(sweep, assignments_of_grid(sweep)));
    return count;
}

std::uint64_t assignment_of(const Sweep& sweep, std::uint64_t ordinal) {
    return ordinal / static_cast<std::uint64_t>(sweep.options.replicas.count);
}

std::optional<std::int64_t> world_size_for(const Sweep& sweep, std::string_view model) {
    const Map* rules = rules_for(sweep, model);
    const Value* size = rules == nullptr ? nullptr : find_value(*rules, kWorldSizeKey);
    const auto* number = size == nullptr ? nullptr : std::get_if<std::int64_t>(&size->data);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

Point make_point(const Sweep& sweep, std::uint64_t ordinal, Map params) {
    Point point;
    point.ordinal = ordinal;
    point.params = std::move(params);
    add_replica(sweep, ordinal, point.params);
    if (!sweep.external) point.params = complete_training_params(point.params);
    apply_per_model(sweep, point.params);
    point.hash = sha256_hex(canonical_json(Value{point.params})).substr(0, 12);
    return point;
}

std::optional<Point> point_at(const Sweep& sweep, std::uint64_t ordinal) {
    const auto count = point_count(sweep);
    if (count && ordinal >= *count) return std::nullopt;
    const std::uint64_t assignment = assignment_of(sweep, ordinal);
    const std::vector<Map>& explicit_points = sweep.options.points;
    if (assignment < explicit_points.size())
        return make_point(sweep, ordinal, explicit_params(sweep, explicit_points[assignment]));
    if (is_searched(sweep)) return std::nullopt;
    const std::uint64_t index = assignment - explicit_points.size();
    return make_point(
        sweep,
        ordinal,
        sweep.method == Method::grid ? grid_assignment(sweep, index) : random_params(sweep, index)
    );
}

}  // namespace bw::sweeps
