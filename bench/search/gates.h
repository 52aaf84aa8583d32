// The gates of the search: what must hold of the table.
#pragma once

#include <string>
#include <vector>

#include "bench/search/report.h"

namespace bw::bench {

struct Gate {
    std::string name;
    std::string claim;
    std::string found;
    bool holds = false;
};

struct GateInput {
    const std::vector<std::string>& problems;
    const Results& results;        // one point at a time
    const Results& batch_results;  // eight in flight; may be empty
    const nlohmann::json& anchors;
};

/// G1 to G4, and the batch half of G5.
std::vector<Gate> gates_of(const GateInput& input);

/// One-sided: the probability of at least `wins` of `wins` + `losses` fair coins.
double sign_test(int wins, int losses);

}  // namespace bw::bench
