// `batchwright models`: asks the trainer, which has LibTorch, and prints what it counted.
#include <cstdio>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/sweep_file.h"
#include "cli/trainer_call.h"
#include "models/catalog/seed_table.h"

namespace bw::cli {

namespace {

void print_table(const nlohmann::json& rows) {
    std::printf(
        "%-26s %-13s %14s %18s %18s %4s  %s\n",
        "model",
        "input",
        "parameters",
        "MACs",
        "FLOPs (seed's)",
        "BN",
        "the seed's table"
    );
    for (const nlohmann::json& row : rows) {
        const auto& input = row["input"];
        const std::string shape = input[0].dump() + "x" + input[1].dump() + "x" + input[2].dump();
        const std::string name = row["name"].get<std::string>();
        const models::SeedRow* seed = models::find_seed_row(name);
        std::printf(
            "%-26s %-13s %14lld %18lld %18lld %4d  %s\n",
            name.c_str(),
            shape.c_str(),
            row["parameters"].get<long long>(),
            row["macs"].get<long long>(),
            row["flops_seed"].get<long long>(),
            row["batch_norm_layers"].get<int>(),
            seed == nullptr ? "" : std::string(seed->text).c_str()
        );
        if (!row.contains("tensors")) continue;
        for (const nlohmann::json& tensor : row["tensors"])
            std::printf(
                "    %-60s %s\n", tensor[0].get<std::string>().c_str(), tensor[1].dump().c_str()
            );
    }
}

}  // namespace

int models(const ModelsOptions& options) {
    std::vector<std::string> arguments = {"--models"};
    if (!options.name.empty()) arguments.push_back(options.name);
    arguments.insert(arguments.end(), {"--classes", std::to_string(options.classes)});
    if (options.tensors) arguments.push_back("--tensors");
    if (!options.input.empty()) arguments.insert(arguments.end(), {"--input", options.input});
    const auto answer = ask_trainer(find_trainer(options.trainer), arguments);
    if (!answer) return report(answer.error());
    if (options.json) {
        std::fputs(answer->c_str(), stdout);
        return coordinator::kExitOk;
    }
    const nlohmann::json rows = nlohmann::json::parse(*answer, nullptr, false);
    if (!rows.is_array()) return coordinator::kExitInternal;
    print_table(rows);
    return coordinator::kExitOk;
}

}  // namespace bw::cli
