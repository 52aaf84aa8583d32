// Parameters as a sweep file would give them.
#pragma once

#include <string>
#include <vector>

#include "sweeps/search/suggest.h"
#include "sweeps/sweep.h"

namespace bw::search {

sweeps::Parameter bounded(
    std::string name, sweeps::Distribution distribution, double min, double max
);

sweeps::Parameter listed(std::string name, std::vector<sweeps::Value> values);

sweeps::Value number(double x);
sweeps::Value integer(std::int64_t x);
sweeps::Value text(std::string x);

/// A parameter's value as a double; it must be a number.
double number_at(const Assignment& params, std::string_view name);

std::string text_at(const Assignment& params, std::string_view name);

enum class Goal { minimize, maximize };

sweeps::Metric metric_with(Goal goal, std::string impute);

/// An axis of every kind: continuous, logarithmic, integer, quantised, list, names, constant,
/// nested.
std::vector<sweeps::Parameter> mixed_parameters();

/// The results of `count` random points under an objective.
template <class Objective>
Evidence evidence_from(const Space& space, std::size_t count, Objective objective) {
    Evidence evidence;
    for (std::size_t i = 0; i < count; ++i) {
        Assignment params = suggest(space, {}, {Sampler::random, 77, i});
        const double loss = objective(params);
        evidence.finished.push_back({std::move(params), loss});
    }
    return evidence;
}

}  // namespace bw::search
