#include "sweeps/command_line.h"

#include <algorithm>
#include <array>

#include "sweeps/python_text.h"

namespace bw::sweeps {
namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 12> kMacros = {
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
    "args_dict",
};

std::optional<std::string_view> macro_name(std::string_view item) {
    if (!item.starts_with("${") || !item.ends_with("}") || item.size() < 3) return std::nullopt;
    return item.substr(2, item.size() - 3);
}

std::string with_environment(const std::string& item, const CommandInput& input) {
    constexpr std::string_view kOpen = "${envvar:";
    std::string out;
    for (std::size_t at = 0; at < item.size();) {
        const std::size_t open = item.find(kOpen, at);
        if (open == item.npos) return out + item.substr(at);
        const std::size_t name_at = open + kOpen.size();
        std::size_t end = name_at;
        const auto in_name = [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        };
        while (end < item.size() && in_name(item[end])) ++end;
        out += item.substr(at, open - at);
        if (end == item.size() || item[end] != '}') {
            out += item.substr(open, end - open);
            at = end;
            continue;
        }
        const std::string name = item.substr(name_at, end - name_at);
        const auto value = input.environment ? input.environment(name) : std::nullopt;
        out += value.value_or(name);
        at = end + 1;
    }
    return out;
}

Words prefixed(const Map& args, const std::string& prefix) {
    Words out;
    for (const auto& [name, value] : args) out.push_back(prefix + name + "=" + python_str(value));
    return out;
}

Words without_equals(const Map& args) {
    Words out;
    for (const auto& [name, value] : args) {
        out.push_back("--" + name);
        out.push_back(python_str(value));
    }
    return out;
}

Words boolean_flags(const Map& args) {
    Words out;
    for (const auto& [name, value] : args) {
        const auto* flag = std::get_if<bool>(&value.data);
        if (flag == nullptr) {
            out.push_back("--" + name + "=" + python_str(value));
        } else if (*flag) {
            out.push_back("--" + name);
        }
    }
    return out;
}

Words expansion(std::string_view macro, const CommandInput& input) {
    if (macro == "env") return {"/usr/bin/env"};
    if (macro == "interpreter") return {"python"};
    if (macro == "program") return input.program.empty() ? Words{} : Words{input.program};
    if (macro == "args") return prefixed(input.args, "--");
    if (macro == "args_no_hyphens") return prefixed(input.args, "");
    if (macro == "args_append_hydra") return prefixed(input.args, "+");
    if (macro == "args_override_hydra") return prefixed(input.args, "++");
    if (macro == "args_no_equals") return without_equals(input.args);
    if (macro == "args_no_boolean_flags") return boolean_flags(input.args);
    if (macro == "args_json") return {python_json(Value{input.args})};
    if (macro == "args_json_file") return {input.json_file};
    if (macro == "args_dict") {  // a dict that the agent takes for a list of words: its keys
        Words out;
        for (const auto& [name, value] : input.args) out.push_back(name);
        return out;
    }
    return {};
}

}  // namespace

std::vector<std::string> command_line(const CommandInput& input) {
    static const List kDefault = {
        Value{std::string("${env}")},
        Value{std::string("${interpreter}")},
        Value{std::string("${program}")},
        Value{std::string("${args}")},
    };
    Words out;
    const bool given = input.command && !input.command->empty();
    for (const Value& item : given ? *input.command : kDefault) {
        const std::string text = with_environment(python_str(item), input);
        if (const auto macro = macro_name(text)) {
            for (std::string& word : expansion(*macro, input)) out.push_back(std::move(word));
        } else {
            out.push_back(text);
        }
    }
    return out;
}

std::vector<std::string> unknown_macros(const List& command) {
    std::vector<std::string> out;
    for (const Value& item : command) {
        const std::string text = python_str(item);
        const auto macro = macro_name(text);
        if (!macro || macro->starts_with("envvar:")) continue;
        if (std::find(kMacros.begin(), kMacros.end(), *macro) == kMacros.end()) out.push_back(text);
    }
    return out;
}

}  // namespace bw::sweeps
