// The search space as the searchers see it: constants dropped, every other parameter one axis. A
// numeric list of values is ordered for every searcher, a list with anything else in it is not.
// Pure; a space is immutable once built and may be shared by threads.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sweeps/sweep.h"

namespace bw::search {

/// A place on the axes, in their order. Continuous and ordered axes: in [0, 1], by the parameter's
/// distribution function or by the place of the level; unordered ones: the index of the level.
using Coords = std::vector<double>;

/// How nested parameters reach a job (sweeps/points.h).
using Assignment = sweeps::Map;

enum class AxisKind { continuous, ordered, unordered };

struct Axis {
    AxisKind kind = AxisKind::continuous;
    sweeps::Parameter parameter;
    std::vector<double> levels;         // ordered: ascending coordinates; unordered: 0, 1, 2, ...
    std::vector<sweeps::Value> values;  // of the levels
    std::vector<double> shares;         // of the levels: their probabilities before any result
    std::map<std::string, std::size_t> level_of;  // by grid_key of the value

    [[nodiscard]] bool is_discrete() const { return kind != AxisKind::continuous; }

    /// The level whose coordinate is nearest; discrete axes only.
    [[nodiscard]] std::size_t nearest_level(double coordinate) const;
};

class Space {
public:
    explicit Space(std::span<const sweeps::Parameter> parameters);

    [[nodiscard]] std::span<const Axis> axes() const { return axes_; }

    [[nodiscard]] std::size_t size() const { return axes_.size(); }

    /// How many different points there are; nothing when an axis is continuous or the product is
    /// beyond 2^53.
    [[nodiscard]] std::optional<double> point_count() const;

    /// The inverse distribution functions: u in [0, 1] for each axis.
    [[nodiscard]] Coords at(std::span<const double> u) const;

    /// Nothing when a parameter is missing, or is not a value of its axis.
    [[nodiscard]] std::optional<Coords> encode(const Assignment& params) const;

    /// Constants included.
    [[nodiscard]] Assignment decode(const Coords& coords) const;

private:
    std::vector<sweeps::Parameter> parameters_;
    std::vector<Axis> axes_;
};

}  // namespace bw::search
