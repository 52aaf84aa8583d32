// Measures the searchers on the problems of SEARCH_QUALITY and prints the table beside the anchors.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/search/gates.h"
#include "bench/search/problems.h"
#include "bench/search/report.h"
#include "bench/search/runs.h"
#include "bench/search/tables.h"

namespace bw::bench {
namespace {

using search::Sampler;

struct Options {
    std::vector<std::string> problems;
    std::vector<std::string> samplers = {"random", "sobol", "tpe", "gp"};
    std::uint64_t seeds = 20;
    std::uint64_t first_seed = 0;
    std::size_t evaluations = 50;
    std::size_t in_flight = 1;
    bool gates = true;
    bool batch = false;
    bool timing = false;
};

std::filesystem::path shared_folder() {
    const char* set = std::getenv("BW_SHARED_DIR");
    return std::filesystem::path(set != nullptr ? set : BW_SHARED_DIR) / "sweeps";
}

std::vector<Problem> chosen_problems(const Options& options) {
    std::vector<Problem> all = function_problems();
    for (Problem& problem : table_problems(shared_folder() / "tables"))
        all.push_back(std::move(problem));
    if (options.problems.empty()) return all;
    std::vector<Problem> chosen;
    for (Problem& problem : all) {
        for (const std::string& wanted : options.problems) {
            if (problem.name.find(wanted) != std::string::npos) chosen.push_back(problem);
        }
    }
    return chosen;
}

Sampler sampler_named(const std::string& name) {
    for (const Sampler sampler : {Sampler::random, Sampler::sobol, Sampler::tpe, Sampler::gp}) {
        if (search::name_of(sampler) == name) return sampler;
    }
    throw CLI::ValidationError("--samplers", "unknown sampler \"" + name + "\"");
}

nlohmann::json read_anchors() {
    std::ifstream in(shared_folder() / "search_quality.json");
    return in ? nlohmann::json::parse(in) : nlohmann::json();
}

Results run_all(
    const std::vector<Problem>& problems, const Options& options, std::size_t in_flight
) {
    Results results;
    for (const Problem& problem : problems) {
        for (const std::string& name : options.samplers) {
            Curves& curves = results[problem.name][name];
            double ms = 0;
            for (std::uint64_t i = 0; i < options.seeds; ++i) {
                curves.push_back(
                    run(problem,
                        {.sampler = sampler_named(name),
                         .seed = options.first_seed + i,
                         .evaluations = options.evaluations,
                         .in_flight = in_flight})
                );
                ms += curves.back().search_ms;
            }
            fmt::print(
                stderr,
                "{} {} x{}: median {:.3g} [{:.2g}, {:.2g}], {:.1f} ms a suggestion\n",
                problem.name,
                name,
                in_flight,
                quantile(finals_of(curves), 0.5),
                quantile(finals_of(curves), 0.25),
                quantile(finals_of(curves), 0.75),
                ms / static_cast<double>(options.seeds * options.evaluations)
            );
        }
    }
    return results;
}

void print_gates(const GateInput& input) {
    fmt::print("\n| gate | claim | found | |\n|---|---|---|---|\n");
    for (const Gate& gate : gates_of(input)) {
        fmt::print(
            "| {} | {} | {} | {} |\n",
            gate.name,
            gate.claim,
            gate.found,
            gate.holds ? "pass" : "**fail**"
        );
    }
}

void print_timing(const std::vector<Problem>& problems, const Options& options) {
    fmt::print("\nMilliseconds of processor time per suggestion (median of 5), one thread:\n\n");
    fmt::print("| problem | searcher | n = 100 | n = 1000 |\n|---|---|---|---|\n");
    for (const Problem& problem : problems) {
        for (const std::string& name : options.samplers) {
            fmt::print(
                "| {} | {} | {:.1f} | {:.1f} |\n",
                problem.name,
                name,
                suggestion_ms(problem, sampler_named(name), 100, 5),
                suggestion_ms(problem, sampler_named(name), 1000, 5)
            );
        }
    }
}

int report(const Options& options) {
    const std::vector<Problem> problems = chosen_problems(options);
    const nlohmann::json anchors = read_anchors();
    std::vector<std::string> names;
    for (const Problem& problem : problems) names.push_back(problem.name);
    const Results results = run_all(problems, options, options.in_flight);
    const Results batch = options.batch ? run_all(problems, options, 8) : Results{};
    fmt::print("{}\n", quality_table(names, results, anchors));
    fmt::print("Medians at 10, 20, ... evaluations:\n\n{}", progress_table(names, results));
    if (!batch.empty()) fmt::print("\n8 in flight:\n\n{}", quality_table(names, batch, nullptr));
    if (options.gates)
        print_gates(
            {.problems = names, .results = results, .batch_results = batch, .anchors = anchors}
        );
    if (options.timing) print_timing(problems, options);
    return 0;
}

}  // namespace
}  // namespace bw::bench

int main(int argc, char** argv) {
    bw::bench::Options options;
    CLI::App app("Measures the searchers; prints Markdown");
    app.add_option("--problems", options.problems, "parts of names; all when left out")
        ->delimiter(',');
    app.add_option("--samplers", options.samplers)->delimiter(',');
    app.add_option("--seeds", options.seeds);
    app.add_option("--first-seed", options.first_seed);
    app.add_option("--evaluations", options.evaluations);
    app.add_option("--in-flight", options.in_flight);
    app.add_flag("--batch", options.batch, "also with 8 in flight");
    app.add_flag("--timing", options.timing, "also milliseconds at n = 100 and 1000");
    app.add_flag("!--no-gates", options.gates);
    CLI11_PARSE(app, argc, argv);
    return bw::bench::report(options);
}
