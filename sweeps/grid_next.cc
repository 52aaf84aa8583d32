#include "sweeps/grid_next.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "sweeps/grid.h"
#include "sweeps/space.h"

namespace bw::sweeps {
namespace {

std::optional<double> number_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    return std::nullopt;
}

/// From values to indices of one axis.
class Axis {
public:
    explicit Axis(const Parameter& parameter) : parameter_(parameter), size_(axis_size(parameter)) {
        if (parameter.distribution != Distribution::categorical) return;
        for (std::size_t i = 0; i < parameter.values.size(); ++i) {
            indices_.emplace(grid_key(parameter.values[i]), i);
            const auto* map = std::get_if<Map>(&parameter.values[i].data);
            if (map == nullptr) continue;
            for (const auto& [key, value] : *map) known_keys_.insert(key);
        }
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }

    [[nodiscard]] std::optional<std::uint64_t> index_of(const Value& value) const {
        if (parameter_.distribution == Distribution::categorical) {
            const auto found = indices_.find(grid_key(without_foreign_keys(value)));
            return found == indices_.end() ? std::nullopt
                                           : std::optional<std::uint64_t>(found->second);
        }
        const auto number = number_of(value);
        if (!number || !std::isfinite(*number)) return std::nullopt;
        const double step =
            parameter_.distribution == Distribution::int_uniform ? 1.0 : parameter_.q;
        const double guess = std::nearbyint((*number - parameter_.min) / step);
        // Steps accumulate rounding errors; the exact value decides.
        for (const double candidate : {guess, guess - 1, guess + 1}) {
            if (candidate < 0 || candidate >= static_cast<double>(size_)) continue;
            const auto index = static_cast<std::uint64_t>(candidate);
            if (grid_key(axis_value(parameter_, index)) == grid_key(value)) return index;
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] Value without_foreign_keys(const Value& value) const {
        const auto* map = std::get_if<Map>(&value.data);
        if (map == nullptr || known_keys_.empty()) return value;
        Map kept;
        for (const auto& entry : *map) {
            if (known_keys_.contains(entry.first)) kept.push_back(entry);
        }
        return Value{std::move(kept)};
    }

    const Parameter& parameter_;
    std::uint64_t size_ = 0;
    std::map<std::string, std::uint64_t> indices_;
    std::set<std::string> known_keys_;
};

std::optional<std::uint64_t> ordinal_on(
    const std::vector<Axis>& axes, std::span<const Parameter> grid, const RunRecord& run
) {
    std::uint64_t ordinal = 0;
    for (std::size_t i = 0; i < grid.size(); ++i) {
        if (grid[i].distribution == Distribution::constant) continue;
        const Value* value = find_run_value(run, grid[i].levels);
        const auto index = value == nullptr ? std::nullopt : axes[i].index_of(*value);
        if (!index) return std::nullopt;
        ordinal = ordinal * axes[i].size() + *index;
    }
    return ordinal;
}

std::vector<Axis> axes_of(std::span<const Parameter> grid) { return {grid.begin(), grid.end()}; }

}  // namespace

std::optional<std::uint64_t> ordinal_of(std::span<const Parameter> grid, const RunRecord& run) {
    return ordinal_on(axes_of(grid), grid, run);
}

std::vector<std::uint64_t> grid_next(
    std::span<const Parameter> grid, const std::vector<RunRecord>& runs, std::uint64_t n
) {
    const std::vector<Axis> axes = axes_of(grid);
    std::set<std::uint64_t> done;
    for (const RunRecord& run : runs) {
        if (const auto ordinal = ordinal_on(axes, grid, run)) done.insert(*ordinal);
    }
    std::vector<std::uint64_t> out;
    const std::uint64_t size = grid_size(grid);
    for (std::uint64_t ordinal = 0; ordinal < size && out.size() < n; ++ordinal) {
        if (!done.contains(ordinal)) out.push_back(ordinal);
    }
    return out;
}

}  // namespace bw::sweeps
