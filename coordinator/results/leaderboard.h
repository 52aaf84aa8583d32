// The points of a sweep from best to worst, from the JSON of results.json, so that clients of the
// API and readers of the file share it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sweeps/sweep.h"

namespace bw::results {

inline constexpr std::size_t kLeaderboardRowsMax = 20;

struct LeaderboardRow {
    std::uint64_t ordinal = 0;
    std::string state;
    std::string reason;
    std::vector<std::pair<std::string, std::string>>
        params;  // those in which the sweep's points differ
    std::optional<double> train_loss, test_loss, test_accuracy, samples_per_second;
    std::map<std::string, double> others;  // what a program measured under names of its own
    std::uint64_t attempts = 0;
};

/// Finished points first, by the sweep's metric (else, or where no point has it, test_accuracy),
/// then the others; ties by ordinal.
std::vector<LeaderboardRow> leaderboard(
    const nlohmann::json& results, const std::optional<sweeps::Metric>& metric
);

/// A table with aligned columns, at most kLeaderboardRowsMax rows, then the reasons of points that
/// did not finish.
std::string leaderboard_text(
    const nlohmann::json& results, const std::optional<sweeps::Metric>& metric
);

}  // namespace bw::results
