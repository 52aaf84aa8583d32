// The problems that searchers are measured on: four functions with known optima here, tables of
// real training runs in tables.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sweeps/search/space.h"
#include "sweeps/sweep.h"

namespace bw::bench {

struct Measured {
    double observed = 0;  // what a searcher is told
    double truth = 0;     // without noise
};

struct Problem {
    std::string name;
    std::vector<sweeps::Parameter> parameters;
    double optimum = 0;
    std::function<Measured(const search::Assignment&, Rng&)> measure;
};

std::vector<Problem> function_problems();

sweeps::Parameter list_parameter(std::string name, std::vector<sweeps::Value> values);

double number_at(const search::Assignment& params, std::string_view name);
std::string text_at(const search::Assignment& params, std::string_view name);

}  // namespace bw::bench
