// What the benchmark found, as Markdown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/search/runs.h"

namespace bw::bench {

/// Curves of one searcher on one problem, by seed.
using Curves = std::vector<Curve>;

/// [problem][searcher]
using Results = std::map<std::string, std::map<std::string, Curves>>;

/// "0.109 [.024, .189]" after `evaluations`.
std::vector<double> finals_of(const Curves& curves);

/// A table of medians and quartiles beside the anchors' (search_quality.json, or null).
std::string quality_table(
    const std::vector<std::string>& problems, const Results& results, const nlohmann::json& anchors
);

/// Medians on the way, at 10, 20, ... evaluations.
std::string progress_table(const std::vector<std::string>& problems, const Results& results);

}  // namespace bw::bench
