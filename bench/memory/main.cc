// bw_bench_memory faults MODEL...   every k-th allocation of a step fails, on each rank, in both
//                                   forms of the reduction: how many steps recovered, bit for bit
// bw_bench_memory forms MODEL...    milliseconds of a step, deferred beside overlapped, and of the
//                                   control vector alone
// bw_bench_memory planner MODEL...  milliseconds of the fit and of the search, events of a step
// Ranks are threads of one process, one compute thread each, over Gloo on loopback. Markdown on
// stdout. docs/memory.md keeps what it said.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>

#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>
#include <unistd.h>

#include "bench/memory/rank.h"

#include "plan/profile.h"
#include "plan/search.h"
#include "worker/trainer/memory/capped_allocator.h"

namespace {

using namespace bw;
using namespace bw::bench;
using trainer::CappedAllocator;
using trainer::Collective;
using trainer::Reduction;

constexpr unsigned kWatchdogSeconds = 120;  // of one step: a hang ends the program

struct Options {
    std::vector<std::string> models;
    Setting setting;
    std::int64_t stride = 97, runs = 9;
    bool recompute = false;
};

const char* name_of(Reduction reduction) {
    return reduction == Reduction::overlapped ? "overlapped" : "deferred";
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

struct Counts {
    std::int64_t faults = 0, wrong = 0;
};

/// Rank 0's count; every rank looks for itself.
Counts fail_every_kth(const Setting& setting, std::int64_t stride, Reduction reduction) {
    std::vector<Counts> seen(static_cast<std::size_t>(setting.ranks));
    run_ranks(setting.ranks, [&](int number, Collective& collective) {
        Counts& counts = seen[static_cast<std::size_t>(number)];
        Rank rank(setting, number, collective);
        const std::int64_t large = setting.batch / setting.ranks;
        rank.step({.micro_batch = large / 2});
        rank.keep();
        for (int faulty = 0; faulty < setting.ranks; ++faulty) {
            for (std::int64_t n = 0;; n += stride) {
                alarm(kWatchdogSeconds);
                const Seen step = rank.step(
                    {.micro_batch = large,
                     .fault = number == faulty ? n : -1,
                     .reduction = reduction}
                );
                if (step.error.empty() && step.micro_batch == large) break;  // there were no more
                ++counts.faults;
                counts.wrong += !step.error.empty() || !rank.is_as_kept();
            }
        }
        alarm(0);
    });
    Counts all = seen.front();
    for (const Counts& counts : seen) all.wrong = std::max(all.wrong, counts.wrong);
    return all;
}

void faults(const Options& options) {
    std::printf(
        "| model | form | stride | faults | recovered, bit for bit |\n|---|---|---|---|---|\n"
    );
    for (const std::string& model : options.models) {
        Setting setting = options.setting;
        setting.model = model;
        for (const auto reduction : {Reduction::deferred, Reduction::overlapped}) {
            const Counts counts = fail_every_kth(setting, options.stride, reduction);
            std::printf(
                "| %s | %s | %lld | %lld | %lld |\n",
                model.c_str(),
                name_of(reduction),
                static_cast<long long>(options.stride),
                static_cast<long long>(counts.faults),
                static_cast<long long>(counts.faults - counts.wrong)
            );
            std::fflush(stdout);
        }
    }
}

void forms(const Options& options) {
    std::printf(
        "| model | ranks | m x a | deferred ms | overlapped ms | control vector ms |\n"
        "|---|---|---|---|---|---|\n"
    );
    for (const std::string& model : options.models) {
        Setting setting = options.setting;
        setting.model = model;
        const std::int64_t share = setting.batch / setting.ranks;
        for (const std::int64_t m : {share, share / 2}) {
            std::vector<double> deferred, overlapped, control;
            run_ranks(setting.ranks, [&](int number, Collective& collective) {
                Rank rank(setting, number, collective);
                auto vector = torch::zeros({9}, torch::kDouble);
                rank.step({.micro_batch = m});
                for (std::int64_t run = 0; run < options.runs; ++run) {
                    const auto first = rank.step({.micro_batch = m});
                    const auto second =
                        rank.step({.micro_batch = m, .reduction = Reduction::overlapped});
                    const auto began = std::chrono::steady_clock::now();
                    collective.launch_sum(vector);
                    if (!collective.wait()) return;
                    const std::chrono::duration<double> seconds =
                        std::chrono::steady_clock::now() - began;
                    if (number != 0) continue;
                    deferred.push_back(1e3 * first.seconds);
                    overlapped.push_back(1e3 * second.seconds);
                    control.push_back(1e3 * seconds.count());
                }
            });
            std::printf(
                "| %s | %d | %lld x %lld | %.1f | %.1f | %.3f |\n",
                model.c_str(),
                setting.ranks,
                static_cast<long long>(m),
                static_cast<long long>(share / m),
                median(deferred),
                median(overlapped),
                median(control)
            );
            std::fflush(stdout);
        }
    }
}

/// The step's trace at a micro-batch of half of `m` and of `m`.
std::vector<plan::MemoryTrace> traces_of(const Setting& setting, std::int64_t m) {
    std::vector<plan::MemoryTrace> traces;
    run_ranks(1, [&](int number, Collective& collective) {
        for (const std::int64_t size : {m / 2, m}) {
            Setting sized = setting;
            sized.batch = 2 * size;
            sized.ranks = 1;
            Rank rank(sized, number, collective);
            rank.step({.micro_batch = size});
            CappedAllocator::get().begin_recording();
            rank.step({.micro_batch = size});
            traces.push_back(CappedAllocator::get().end_recording());
        }
    });
    return traces;
}

void planner(const Options& options) {
    std::printf("| model | events | fit ms | search ms (w = 1, 2) |\n|---|---|---|---|\n");
    for (const std::string& model : options.models) {
        Setting setting = options.setting;
        setting.model = model;
        const auto traces = traces_of(setting, 8);
        std::vector<double> fit, search;
        for (std::int64_t run = 0; run < options.runs; ++run) {
            const auto began = std::chrono::steady_clock::now();
            const auto seen = plan::observe(traces);
            auto peak = plan::PeakModel::fit(seen);
            if (!peak) peak = plan::PeakModel::fit_phases(seen);
            const auto fitted = std::chrono::steady_clock::now();
            plan::SearchInput input{.global_batch = 256, .group = 32};
            input.world_sizes = {1, 2};
            input.devices = {{std::int64_t{1} << 30, 1}, {std::int64_t{1} << 29, 1}};
            plan::Variant variant;
            variant.peak.learn({.smallest = 4, .largest = 8, .sequence = "", .peak = *peak});
            static_cast<void>(plan::search_plan(input, {&variant, 1}));
            const auto ended = std::chrono::steady_clock::now();
            fit.push_back(std::chrono::duration<double, std::milli>(fitted - began).count());
            search.push_back(std::chrono::duration<double, std::milli>(ended - fitted).count());
        }
        std::printf(
            "| %s | %zu | %.2f | %.3f |\n",
            model.c_str(),
            traces.back().events.size(),
            median(fit),
            median(search)
        );
    }
}

}  // namespace

int main(int argc, char** argv) {
    CappedAllocator::install();
    at::set_num_threads(1);
    Options options;
    CLI::App app("What the trainer's half of memory and batch does, on real networks");
    app.require_subcommand(1);
    const auto add = [&](const char* name, const char* what, void (*run)(const Options&)) {
        auto* command = app.add_subcommand(name, what);
        command->add_option("models", options.models, "Networks")->required();
        command->add_option("--side", options.setting.side, "Of the images")->capture_default_str();
        command->add_option("--batch", options.setting.batch, "Of a step")->capture_default_str();
        command->add_option("--group", options.setting.group, "Of BatchNorm")
            ->capture_default_str();
        command->add_option("--ranks", options.setting.ranks, "World size")->capture_default_str();
        command->add_option("--stride", options.stride, "Of the faults")->capture_default_str();
        command->add_option("--runs", options.runs, "Of a timing")->capture_default_str();
        command->add_flag("--recompute", options.recompute, "Activations are computed again");
        command->callback([&options, run] {
            if (options.recompute) options.setting.recompute = bw::models::Recompute::segments;
            run(options);
        });
    };
    add("faults", "Every k-th allocation fails", faults);
    add("forms", "Deferred beside overlapped", forms);
    add("planner", "What planning costs", planner);
    CLI11_PARSE(app, argc, argv);
    return 0;
}
