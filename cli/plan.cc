#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/sweep_file.h"
#include "coordinator/core/job_plan.h"
#include "sweeps/points.h"

namespace bw::cli {

namespace {

nlohmann::json plan_json(const sweeps::Sweep& sweep, const sweeps::Point& point) {
    const std::string params_json = sweeps::to_json(sweeps::Value{point.params});
    nlohmann::json row = {
        {"ordinal", point.ordinal},
        {"hash", point.hash},
        {"params", nlohmann::json::parse(params_json)},
    };
    const auto plan = core::plan_of(sweep, params_json);
    row["verdict"] = plan ? "fits" : "refused";
    row["why"] = plan ? "no memory limit is set" : plan.error().message;
    if (plan) {
        row["global_batch"] = plan->global_batch;
        row["world_size"] = plan->world_size;
        row["micro_batch"] = plan->micro_batch;
        row["accumulation"] = plan->accumulation;
        row["group"] = plan->group;
    }
    return row;
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
        row["verdict"] == "fits" ? ("w=" + row["world_size"].dump() + " m=" +
                                    row["micro_batch"].dump() + " a=" + row["accumulation"].dump())
                                       .c_str()
                                 : ("refused: " + row["why"].get<std::string>()).c_str()
    );
}

}  // namespace

int plan(const PlanOptions& options) {
    const auto file = load_sweep_file(options.file);
    if (!file) return report(file.error());
    const sweeps::Sweep& sweep = file->sweep;
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
        nlohmann::json row = plan_json(sweep, *point);
        if (options.json) {
            rows.push_back(std::move(row));
        } else {
            print_row(row);
        }
    }
    if (options.json) std::printf("%s\n", rows.dump(2).c_str());
    if (!options.json && (!total || *total > rows_max))
        std::printf("   ... (--limit N shows more)\n");
    return coordinator::kExitOk;
}

}  // namespace bw::cli
