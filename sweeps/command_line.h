// The argument vector of an external program: W&B's command macros (SYNTAX, section 7). No shell is
// involved. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sweeps/value.h"

namespace bw::sweeps {

struct CommandInput {
    std::optional<List> command;  // none: ${env} ${interpreter} ${program} ${args}
    std::string program;
    Map args;  // in the order in which they are to appear
    std::string
        json_file;  // the path for ${args_json_file}; the caller writes python_json(args) there
    std::function<std::optional<std::string>(std::string_view)> environment;  // may be empty
};

/// An item that is exactly one macro becomes 0..n words; an unknown macro vanishes; ${envvar:NAME}
/// is replaced anywhere, by the bare NAME when it is not set.
std::vector<std::string> command_line(const CommandInput& input);

/// The macros of a command that mean nothing and vanish, for a warning.
std::vector<std::string> unknown_macros(const List& command);

}  // namespace bw::sweeps
