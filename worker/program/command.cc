#include "worker/program/command.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include <unistd.h>

#include "base/text.h"
#include "sweeps/command_line.h"
#include "sweeps/python_text.h"
#include "sweeps/yaml_reader.h"

namespace bw::program {
namespace {

using sweeps::Map;
using sweeps::Value;

Map map_of(const std::string& json) {
    const sweeps::YamlTree tree = sweeps::read_yaml(json);
    Value value = tree.root ? sweeps::to_value(*tree.root) : Value{};
    auto* map = std::get_if<Map>(&value.data);
    return map == nullptr ? Map{} : std::move(*map);
}

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool is_executable(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// As execvp finds it.
std::optional<std::string> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos)
        return is_executable(name) ? std::optional(name) : std::nullopt;
    std::istringstream folders(variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
    for (std::string folder; std::getline(folders, folder, ':');) {
        const auto path = std::filesystem::path(folder.empty() ? "." : folder) / name;
        if (is_executable(path)) return path.string();
    }
    return std::nullopt;
}

// W&B's ${interpreter} is "python", which some systems have under its full name only.
void name_interpreter(std::vector<std::string>& words) {
    const std::size_t at = words.front() == "/usr/bin/env" && words.size() > 1 ? 1 : 0;
    if (words[at] != "python" || find_program("python") || !find_program("python3")) return;
    words[at] = "python3";
}

Result<void> write_arguments(const std::string& path, const Map& args) {
    std::ofstream file(path);
    file << sweeps::python_json(Value{args});
    file.close();
    if (file) return boost::system::in_place_value;
    return fail(
        Errc::io, "the file " + bw::quoted(path) + " of ${args_json_file} cannot be written"
    );
}

}  // namespace

Result<std::vector<std::string>> command_of(const trainer_wire::Start& start) {
    const Map program = map_of(start.program_json);
    sweeps::CommandInput input;
    if (const Value* name = sweeps::find_value(program, "program")) {
        if (const auto* text = std::get_if<std::string>(&name->data)) input.program = *text;
    }
    if (const Value* command = sweeps::find_value(program, "command")) {
        if (const auto* list = std::get_if<sweeps::List>(&command->data)) input.command = *list;
    }
    input.args = map_of(start.params_json);
    const std::string name = "args-rank" + std::to_string(start.rank) + ".json";
    input.json_file = (std::filesystem::path(start.attempt_dir) / name).string();
    input.environment = variable;
    std::vector<std::string> words = sweeps::command_line(input);
    if (words.empty() || words.front().empty())
        return fail(Errc::invalid_input, "the command has no words; set program or command");
    for (const std::string& word : words) {
        if (word != input.json_file) continue;
        if (auto written = write_arguments(input.json_file, input.args); !written)
            return written.error();
    }
    name_interpreter(words);
    const auto path = find_program(words.front());
    if (!path) {
        return fail(
            Errc::not_found,
            "there is no program " + bw::quoted(words.front()) +
                ": it is looked for in PATH, or from the folder in which the agent was started (" +
                std::filesystem::current_path().string() + ")"
        );
    }
    words.front() = *path;
    return words;
}

std::vector<std::string> environment_of(const trainer_wire::Start& start, const Meeting& meeting) {
    const auto number = [](const char* name, std::int64_t value) {
        return std::string(name) + "=" + std::to_string(value);
    };
    std::vector<std::string> variables = {
        number("RANK", start.rank),
        number("WORLD_SIZE", start.plan.world_size),
        number("LOCAL_RANK", start.local_rank),
        number("LOCAL_WORLD_SIZE", start.local_world_size),
        "MASTER_ADDR=" + meeting.host,
        number("MASTER_PORT", meeting.port),
        "BATCHWRIGHT_POINT=" + start.params_json,
        number("BATCHWRIGHT_JOB", static_cast<std::int64_t>(start.job)),
        number("BATCHWRIGHT_ATTEMPT", start.attempt),
        "BATCHWRIGHT_DIR=" + std::filesystem::absolute(start.attempt_dir).string(),
        "BATCHWRIGHT_CHECKPOINT=" + start.resume_from,
        // A rank on a CPU slot was given no GPU.
        "CUDA_VISIBLE_DEVICES=" + start.gpus,
        "PYTHONUNBUFFERED=1"};  // what it prints should be seen while it runs
    return variables;
}

}  // namespace bw::program
