#include "bench/search/gates.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace bw::bench {
namespace {

using nlohmann::json;

double median(const std::vector<double>& values) { return quantile(values, 0.5); }

std::vector<double> anchor_finals(
    const json& anchors, const std::string& problem, const char* name
) {
    return anchors["problems"][problem]["methods"][name]["final"].get<std::vector<double>>();
}

struct Score {
    int wins = 0, losses = 0;
};

Score paired(const std::vector<double>& ours, const std::vector<double>& theirs) {
    Score score;
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        score.wins += ours[i] < theirs[i] ? 1 : 0;
        score.losses += ours[i] > theirs[i] ? 1 : 0;
    }
    return score;
}

Gate beats_random(const GateInput& in, const std::string& searcher) {
    Gate gate{
        "G1 " + searcher, "beats random, paired sign test p < 0.01, on at least 6 of 7", "", false};
    int won = 0;
    for (const std::string& problem : in.problems) {
        const auto& row = in.results.at(problem);
        const Score score = paired(finals_of(row.at(searcher)), finals_of(row.at("random")));
        const double p = sign_test(score.wins, score.losses);
        won += p < 0.01 ? 1 : 0;
        gate.found += fmt::format("{} {}:{} (p {:.2g}); ", problem, score.wins, score.losses, p);
    }
    gate.found = fmt::format("{} of {}: {}", won, in.problems.size(), gate.found);
    gate.holds = won >= 6;
    return gate;
}

Gate matches_sweeps_bayes(const GateInput& in) {
    Gate gate{
        "G2 gp", "median <= sweeps bayes' on at least 5 of 7, never above its q75", "", false};
    int won = 0;
    bool is_ever_above = false;
    for (const std::string& problem : in.problems) {
        const double own = median(finals_of(in.results.at(problem).at("gp")));
        const std::vector<double> theirs = anchor_finals(in.anchors, problem, "sweeps_bayes");
        won += own <= median(theirs) ? 1 : 0;
        if (own <= quantile(theirs, 0.75)) continue;
        is_ever_above = true;
        gate.found += problem + " is above q75; ";
    }
    gate.found = fmt::format("{} of {}; {}", won, in.problems.size(), gate.found);
    gate.holds = won >= 5 && !is_ever_above;
    return gate;
}

Gate matches_tpe(const GateInput& in, const std::string& searcher) {
    Gate gate{
        "G3 " + searcher,
        "median <= TPE default's on 6 of 7, mean rank better over the pairs",
        "",
        false};
    int won = 0;
    double own_rank = 0, their_rank = 0;
    for (const std::string& problem : in.problems) {
        const std::vector<double> own = finals_of(in.results.at(problem).at(searcher));
        const std::vector<double> theirs = anchor_finals(in.anchors, problem, "tpe_default");
        won += median(own) <= median(theirs) ? 1 : 0;
        const Score score = paired(own, theirs);
        own_rank += score.losses;
        their_rank += score.wins;
    }
    gate.found = fmt::format(
        "{} of {}; better in {} pairs, worse in {}", won, in.problems.size(), their_rank, own_rank
    );
    gate.holds = won >= 6 && own_rank < their_rank;
    return gate;
}

Gate nears_optuna_gp(const GateInput& in) {
    Gate gate{
        "G4 gp",
        "within 2x of Optuna's GP on the 3 tables, hartmann6 <= 0.05, branin <= 1e-3",
        "",
        true};
    for (const std::string& problem : in.problems) {
        const double own = median(finals_of(in.results.at(problem).at("gp")));
        const bool is_table = problem.find(':') != std::string::npos;
        double limit = 0;
        if (is_table) limit = 2 * median(anchor_finals(in.anchors, problem, "gp"));
        if (problem == "hartmann6") limit = 0.05;
        if (problem == "branin") limit = 1e-3;
        if (limit == 0) continue;
        gate.holds = gate.holds && own <= limit;
        gate.found += fmt::format("{} {:.3g} (limit {:.3g}); ", problem, own, limit);
    }
    return gate;
}

// How much of the gain over random, in log regret, is lost with eight points in flight.
Gate keeps_gain_in_batches(const GateInput& in, const std::string& searcher) {
    Gate gate{
        "G5 batch " + searcher,
        "8 in flight lose less than 20% of the log-regret gain over random",
        "",
        false};
    const auto log_median = [](const Curves& curves) {
        return std::log(std::max(median(finals_of(curves)), 1e-6));
    };
    double one = 0, eight = 0;
    for (const std::string& problem : in.problems) {
        const double random = log_median(in.results.at(problem).at("random"));
        one += random - log_median(in.results.at(problem).at(searcher));
        eight += random - log_median(in.batch_results.at(problem).at(searcher));
    }
    const double lost = 1 - eight / one;
    gate.found = fmt::format("{:.0f}% lost over all problems together", 100 * lost);
    gate.holds = lost < 0.2;
    return gate;
}

}  // namespace

double sign_test(int wins, int losses) {
    const int n = wins + losses;
    double sum = 0;
    for (int k = wins; k <= n; ++k)
        sum += std::exp(
            std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0)
        );
    return std::min(sum, 1.0);
}

std::vector<Gate> gates_of(const GateInput& in) {
    std::vector<Gate> gates;
    const auto& searchers = in.results.begin()->second;
    for (const char* name : {"gp", "tpe"}) {
        if (!searchers.contains(name)) continue;
        if (searchers.contains("random")) gates.push_back(beats_random(in, name));
        if (!in.anchors.is_null()) gates.push_back(matches_tpe(in, name));
        if (!in.batch_results.empty()) gates.push_back(keeps_gain_in_batches(in, name));
    }
    if (searchers.contains("gp") && !in.anchors.is_null()) {
        gates.push_back(matches_sweeps_bayes(in));
        gates.push_back(nears_optuna_gp(in));
    }
    std::stable_sort(gates.begin(), gates.end(), [](const Gate& a, const Gate& b) {
        return a.name < b.name;
    });
    return gates;
}

}  // namespace bw::bench
