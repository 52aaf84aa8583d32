// `batchwright models`: asks the trainer, which has LibTorch, and prints what it counted.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cli/commands.h"
#include "models/catalog/seed_table.h"

namespace bw::cli {

namespace {

std::string shell_quoted(const std::string& word) {
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

struct Captured {
    std::string out;
    int status = 0;
};

Captured capture(const std::string& command) {
    Captured captured;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {"", coordinator::kExitInternal};
    char buffer[4096];
    for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        captured.out.append(buffer, n);
    const int status = pclose(pipe);
    captured.status = WIFEXITED(status) ? WEXITSTATUS(status) : coordinator::kExitInternal;
    return captured;
}

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
    }
}

}  // namespace

int models(const ModelsOptions& options) {
    std::string command = shell_quoted(find_trainer(options.trainer)) + " --models";
    if (!options.name.empty()) command += " " + shell_quoted(options.name);
    command += " --classes " + std::to_string(options.classes);
    if (!options.input.empty()) command += " --input " + shell_quoted(options.input);
    const Captured captured = capture(command);
    if (captured.status != 0) return captured.status;
    if (options.json) {
        std::fputs(captured.out.c_str(), stdout);
        return coordinator::kExitOk;
    }
    const nlohmann::json rows = nlohmann::json::parse(captured.out, nullptr, false);
    if (!rows.is_array()) return coordinator::kExitInternal;
    print_table(rows);
    return coordinator::kExitOk;
}

}  // namespace bw::cli
