// Early stopping replayed over 116 real learning curves, four jobs at a time: what is saved, and
// what it costs. Prints the table of docs/search.md.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "sweeps/hyperband.h"
#include "sweeps/search/asha.h"
#include "sweeps/search/stopping.h"

namespace bw::search {
namespace {

constexpr std::size_t kWorkers = 4;

std::vector<History> read_curves() {
    const std::filesystem::path path =
        std::filesystem::path(BW_SHARED_DIR) / "sweeps/conformance/stop_check_curves.json";
    std::vector<History> curves;
    std::ifstream in(path);
    if (!in) return curves;
    for (const auto& curve : nlohmann::json::parse(in)) {
        curves.emplace_back();
        for (const auto& value : curve) curves.back().push_back(-value.get<double>());  // maximised
    }
    return curves;
}

struct Outcome {
    std::size_t epochs = 0;
    std::vector<std::size_t> ended;  // curves that were run to their last report
    std::vector<History> seen;       // by curve

    [[nodiscard]] bool has_ended(std::size_t curve) const {
        return std::find(ended.begin(), ended.end(), curve) != ended.end();
    }
};

// What a job does after a report.
enum class Verdict { go_on, stop, pause };

struct Policy {
    std::function<Verdict(const Outcome&, const std::vector<std::size_t>& running, std::size_t job)>
        after_report;
    std::function<std::optional<std::size_t>(const Outcome&, Supply)> resumed;
};

// One report of every running job per round; `order` is that in which jobs are suggested.
Outcome replay(
    const std::vector<History>& curves,
    const std::vector<std::uint32_t>& order,
    const Policy& policy
) {
    Outcome out;
    out.seen.resize(curves.size());
    std::vector<std::size_t> running;
    std::size_t started = 0;
    for (;;) {
        while (running.size() < kWorkers) {
            const Supply supply =
                started < order.size() || !running.empty() ? Supply::open : Supply::exhausted;
            if (const auto job = policy.resumed(out, supply)) {
                running.push_back(*job);
            } else if (started < order.size()) {
                running.push_back(order[started++]);
            } else {
                break;
            }
        }
        if (running.empty()) return out;
        for (const std::size_t job : std::vector<std::size_t>(running)) {
            out.seen[job].push_back(curves[job][out.seen[job].size()]);
            ++out.epochs;
            const bool is_done = out.seen[job].size() == curves[job].size();
            if (is_done) out.ended.push_back(job);
            const Verdict verdict = policy.after_report(out, running, job);
            if (is_done || verdict != Verdict::go_on) std::erase(running, job);
        }
    }
}

std::optional<std::size_t> nobody(const Outcome&, Supply) { return std::nullopt; }

Policy without_stopping() {
    return {[](const Outcome&, const auto&, std::size_t) { return Verdict::go_on; }, nobody};
}

Policy median_rule() {
    return {
        [](const Outcome& out, const auto&, std::size_t job) {
            std::vector<History> others = out.seen;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(job));
            const MedianRule rule{.min_iter = 10, .min_jobs = 5};
            return is_below_median(rule, out.seen[job], others) ? Verdict::stop : Verdict::go_on;
        },
        nobody};
}

std::vector<RungRecord> records_of(const Outcome& out, const std::vector<std::int64_t>& rungs) {
    std::vector<RungRecord> records;
    for (std::size_t job = 0; job < out.seen.size(); ++job) {
        if (out.seen[job].empty()) continue;
        RungRecord record{job, {}, RungRecord::Progress::running};
        for (const std::int64_t rung : rungs) {
            const auto at = static_cast<std::size_t>(rung);
            if (out.seen[job].size() >= at) record.losses.push_back(out.seen[job][at - 1]);
            if (out.seen[job].size() == at) record.progress = RungRecord::Progress::paused;
        }
        if (out.has_ended(job)) record.progress = RungRecord::Progress::ended;
        records.push_back(std::move(record));
    }
    return records;
}

Policy asha(const AshaOptions& options) {
    const std::vector<std::int64_t> rungs = rungs_of(options);
    return {
        [=](const Outcome& out, const auto&, std::size_t job) {
            const auto length = static_cast<std::int64_t>(out.seen[job].size());
            if (std::find(rungs.begin(), rungs.end(), length) == rungs.end()) return Verdict::go_on;
            const AtRung answer = at_rung(options, records_of(out, rungs), job, Supply::open);
            return answer == AtRung::go_on ? Verdict::go_on : Verdict::pause;
        },
        [=](const Outcome& out, Supply supply) -> std::optional<std::size_t> {
            return next_promotion(options, records_of(out, rungs), supply);
        }};
}

sweeps::Value value_of(auto data) {
    sweeps::Value value;
    value.data = std::move(data);
    return value;
}

sweeps::RunRecord run_of(const History& history, std::size_t job, sweeps::RunState state) {
    sweeps::RunRecord run;
    run.name = std::to_string(job);
    run.state = state;
    for (const double loss : history)
        run.history.push_back(value_of(sweeps::Map{{"loss", value_of(loss)}}));
    return run;
}

Policy wandb_hyperband(std::int64_t min_iter, double eta) {
    const sweeps::Map stop = {
        {"type", value_of(std::string("hyperband"))},
        {"min_iter", value_of(min_iter)},
        {"eta", value_of(eta)}};
    const sweeps::Value document = value_of(sweeps::Map{
        {"method", value_of(std::string("random"))},
        {"metric", value_of(sweeps::Map{{"name", value_of(std::string("loss"))}})},
        {"parameters", value_of(sweeps::Map{})},
        {"early_terminate", value_of(stop)}});
    const std::vector<std::int64_t> bands =
        rungs_of({.min_iter = min_iter, .max_iter = 1000, .eta = eta});
    return {
        [=](const Outcome& out, const auto&, std::size_t job) {
            // Asked at the bands only: between them the answer waits for nothing but newcomers.
            const auto length = static_cast<std::int64_t>(out.seen[job].size());
            if (std::find(bands.begin(), bands.end(), length) == bands.end()) return Verdict::go_on;
            std::vector<sweeps::RunRecord> runs;
            for (std::size_t i = 0; i < out.seen.size(); ++i) {
                if (out.seen[i].empty()) continue;
                const bool is_asked = i == job;
                runs.push_back(run_of(
                    out.seen[i],
                    i,
                    is_asked ? sweeps::RunState::running : sweeps::RunState::finished
                ));
            }
            const sweeps::StopReport report = sweeps::stop_check(document, runs);
            EXPECT_FALSE(report.error);
            return report.stop.empty() ? Verdict::go_on : Verdict::stop;
        },
        nobody};
}

struct Summary {
    double epochs = 0;       // share of those without stopping
    double regret = 0;       // best final value among the jobs run to their end, against the best
    double false_kills = 0;  // share of replays in which the eventual best was not run to its end
};

double final_of(const History& curve) { return curve.back(); }

Summary summarise(const std::vector<History>& curves, const Policy& policy, std::uint64_t replays) {
    std::size_t all = 0;
    for (const History& curve : curves) all += curve.size();
    const auto best = static_cast<std::size_t>(
        std::min_element(
            curves.begin(),
            curves.end(),
            [](const History& a, const History& b) { return final_of(a) < final_of(b); }
        ) -
        curves.begin()
    );
    Summary summary;
    for (std::uint64_t seed = 0; seed < replays; ++seed) {
        const auto order = permutation(static_cast<std::uint32_t>(curves.size()), seed);
        const Outcome out = replay(curves, order, policy);
        double lowest = 0;
        for (const std::size_t job : out.ended) lowest = std::min(lowest, final_of(curves[job]));
        const auto share = 1 / static_cast<double>(replays);
        summary.epochs += share * static_cast<double>(out.epochs) / static_cast<double>(all);
        summary.regret += share * (lowest - final_of(curves[best]));
        summary.false_kills += out.has_ended(best) ? 0 : share;
    }
    return summary;
}

void print_row(const char* name, const Summary& s) {
    std::printf(
        "| %s | %.0f%% | %.4f | %.0f%% |\n", name, 100 * s.epochs, s.regret, 100 * s.false_kills
    );
}

TEST(EarlyStopping, SavesMostEpochsOnRealCurvesAndSeldomLosesTheBest) {
    const std::vector<History> curves = read_curves();
    if (curves.empty()) GTEST_SKIP() << "no ../shared/sweeps/conformance/stop_check_curves.json";
    constexpr std::uint64_t kReplays = 20;
    const Summary none = summarise(curves, without_stopping(), 1);
    const Summary thirds =
        summarise(curves, asha({.min_iter = 3, .max_iter = 100, .eta = 3}), kReplays);
    const Summary late =
        summarise(curves, asha({.min_iter = 10, .max_iter = 100, .eta = 3}), kReplays);
    const Summary halves =
        summarise(curves, asha({.min_iter = 10, .max_iter = 100, .eta = 2}), kReplays);
    std::printf(
        "| rule | epochs spent | mean regret | best not run to its end |\n|---|---|---|---|\n"
    );
    print_row("none", none);
    print_row("ASHA, rungs 3 9 27 81, eta 3", thirds);
    print_row("ASHA, rungs 10 30 90, eta 3", late);
    print_row("ASHA, rungs 10 20 40 80, eta 2", halves);
    print_row("W&B hyperband, bands 3 9 27 81, eta 3", summarise(curves, wandb_hyperband(3, 3), 5));
    print_row("W&B hyperband, bands 10 30 90, eta 3", summarise(curves, wandb_hyperband(10, 3), 5));
    print_row("median after 10 reports", summarise(curves, median_rule(), 5));
    EXPECT_EQ(none.epochs, 1);
    EXPECT_EQ(none.false_kills, 0);
    EXPECT_LT(late.epochs, 0.4);
    EXPECT_LT(late.regret, 0.02);
    EXPECT_LE(halves.regret, thirds.regret + 1e-12);
}

}  // namespace
}  // namespace bw::search
