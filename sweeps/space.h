// Reads `parameters:`: distributions inferred or named, nested maps flattened, each problem at its
// own place.
#pragma once

#include <string>
#include <vector>

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

/// A parameter together with where it was read from; the tree outlives it.
struct ReadParameter {
    Parameter parameter;
    const Entry* entry = nullptr;  // the name's position and the definition
    std::string path;              // "parameters.optimizer.lr"
};

/// Sorted by name at each level, depth first. Problems are recorded; what is wrong is left out.
std::vector<ReadParameter> read_parameters(const Entry& parameters, Problems& problems);

/// Equal values once, the last spelling kept at the place of the first: what a grid visits. 1
/// and 1.0 are equal, true and 1 are not, maps are equal whatever the order of their keys.
std::vector<Value> distinct_values(const std::vector<Value>& values);

/// Two values are the same point of a grid exactly when their keys are equal.
std::string grid_key(const Value& value);

}  // namespace bw::sweeps
