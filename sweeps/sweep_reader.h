// The language itself, for any program: from a tree to a Sweep, whoever will run it.
#pragma once

#include <vector>

#include "sweeps/problems.h"
#include "sweeps/space.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

struct ReadSweep {
    Sweep sweep;
    std::vector<ReadParameter> parameters;  // with their places; the tree outlives them
    const Entry* method_entry = nullptr;
    const Entry* parameters_entry = nullptr;
    const Entry* options_entry = nullptr;
};

ReadSweep read_sweep(const Element& root, Problems& problems);

}  // namespace bw::sweeps
