// `batchwright plan`: every point of a sweep with its verdict, before any device is used.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/plan_commands.h"
#include "cli/sweep_file.h"
#include "cli/verdict.h"
#include "sweeps/points.h"
#include "worker/agent/agent.h"
#include "worker/launch/launch.h"

namespace bw::cli {
namespace {

/// Without touching them: `auto` is the CPU here unless GPUs are named.
Result<std::vector<core::SlotInfo>> slots_of(const std::string& device) {
    const int cores = launch::widen_affinity();
    const bool on_gpu = device.starts_with("cuda");
    const auto found =
        on_gpu ? agent::find_slots(device, cores, 0, 1) : agent::parse_device(device, cores, 0, 1);
    if (!found) return fail(found.error().code, "--device: " + found.error().message);
    std::vector<core::SlotInfo> slots;
    for (const auto& slot : *found)
        slots.push_back({slot.kind, slot.memory_limit_bytes, slot.threads});
    return slots;
}

std::string memory_text(const nlohmann::json& row) {
    if (row["predicted_peak_bytes"].is_null()) return "";
    std::string text = "  " + format_bytes(row["predicted_peak_bytes"].get<std::int64_t>());
    if (!row["limit_bytes"].is_null())
        text += " of " + format_bytes(row["limit_bytes"].get<std::int64_t>());
    if (row.contains("step_seconds")) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "  %.3g s/step", row["step_seconds"].get<double>());
        text += seconds;
    }
    return text;
}

std::string verdict_text(const nlohmann::json& row) {
    if (row["verdict"] == "refused") return "refused: " + row["why"].get<std::string>();
    const std::string world = "w=" + row["world_size"].dump();
    if (row["verdict"] == "needs-profile") return world + "  needs-profile (plan --profile)";
    return world + " m=" + row["micro_batch"].dump() + " a=" + row["accumulation"].dump() +
           memory_text(row);
}

void print_row(const nlohmann::json& row) {
    const nlohmann::json& params = row["params"];
    std::printf(
        "%6llu  %s  %-14s lr %-8s batch %-5s %s\n",
        static_cast<unsigned long long>(row["ordinal"].get<std::uint64_t>()),
        row["hash"].get<std::string>().c_str(),
        params["model"].get<std::string>().c_str(),
        params["learning_rate"].dump().c_str(),
        params["batch_size"].dump().c_str(),
        verdict_text(row).c_str()
    );
}

}  // namespace

int plan(const PlanOptions& options) {
    const auto file = load_sweep_file(options.file);
    if (!file) return report(file.error());
    if (file->sweep.external) {
        return report(fail(
            Errc::invalid_input,
            options.file +
                ": how a program of your own splits its batch and what memory it takes is not "
                "known here; \"batchwright sweep expand\" shows its points"
        ));
    }
    const sweeps::Sweep& sweep = file->sweep;
    auto slots = slots_of(options.device);
    if (!slots) return report(slots.error());
    Verdicts verdicts(sweep, options, std::move(*slots));
    const auto total = sweeps::point_count(sweep);
    nlohmann::json rows = nlohmann::json::array();
    // Without an end, JSON shows as many as a person would be shown.
    const std::uint64_t rows_max = options.json && total ? *total : options.limit;
    if (!options.json) {
        std::printf(
            "%s: %s points\n",
            options.file.c_str(),
            total ? std::to_string(*total).c_str() : "unbounded"
        );
    }
    for (std::uint64_t ordinal = 0; ordinal < rows_max; ++ordinal) {
        const auto point = sweeps::point_at(sweep, ordinal);
        if (!point) break;
        nlohmann::json row = verdicts.row_of(*point);
        if (options.json) {
            rows.push_back(std::move(row));
        } else {
            print_row(row);
        }
    }
    if (!options.json && sweeps::is_searched(sweep))
        std::printf("   ... found by a searcher, from the results so far (docs/search.md)\n");
    if (options.json) std::printf("%s\n", rows.dump(2).c_str());
    if (!options.json && !sweeps::is_searched(sweep) && (!total || *total > rows_max))
        std::printf("   ... (--limit N shows more)\n");
    return coordinator::kExitOk;
}

}  // namespace bw::cli
