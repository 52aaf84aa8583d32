#include "sweeps/program.h"

#include <utility>

#include "sweeps/command_line.h"

namespace bw::sweeps {
namespace {

bool is_scalar(const Element& element) {
    return element.list() == nullptr && element.map() == nullptr;
}

void check_command(const Entry& command, bool has_program, Problems& problems) {
    const Elements* items = command.value.list();
    if (items == nullptr || items->empty()) {
        problems.error(
            command.value.mark,
            "command",
            "expected a list of words, such as [python, train.py, \"${args}\"], found " +
                found_text(command.value)
        );
        return;
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Element& item = (*items)[i];
        const std::string path = "command[" + std::to_string(i) + "]";
        if (!is_scalar(item)) {
            problems.error(item.mark, path, "expected a word, found " + found_text(item));
            continue;
        }
        if (!unknown_macros({to_value(item)}).empty())
            problems.warning(item.mark, path, "unknown macro, nothing stands for it");
        if (item.text() != nullptr && *item.text() == "${program}" && !has_program)
            problems.error(item.mark, path, "there is no program that it could stand for");
    }
}

}  // namespace

std::string program_json(const Sweep& sweep) {
    if (!sweep.external) return "";
    const auto* document = std::get_if<Map>(&sweep.document.data);
    Map out;
    for (const char* key : {"program", "command"}) {
        const Value* value = document == nullptr ? nullptr : find_value(*document, key);
        out.emplace_back(key, value == nullptr ? Value{nullptr} : *value);
    }
    return to_json(Value{std::move(out)});
}

void check_program(const Element& root, Problems& problems) {
    const Entry* program = find_entry(root, "program");
    const Entry* command = find_entry(root, "command");
    const bool has_name =
        program != nullptr && program->value.text() != nullptr && !program->value.text()->empty();
    if (program != nullptr && !has_name) {
        problems.error(
            program->value.mark,
            "program",
            "expected the path of a program, found " + found_text(program->value)
        );
    }
    if (command != nullptr) check_command(*command, has_name, problems);
    if (program != nullptr || command != nullptr) return;
    for (const char* key : {"job", "image_uri"}) {
        const Entry* launched = find_entry(root, key);
        if (launched == nullptr) continue;
        problems.error(
            launched->mark,
            key,
            "is of W&B's launch service; name the program itself: program, command"
        );
    }
}

}  // namespace bw::sweeps
