// The bodies of commands. Pure; an empty body is an empty object.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bw::api {

enum class Verb;

struct Command {
    int world_size = 0;               // resume; 0: as before
    std::vector<std::string> states;  // retry; empty: every unsuccessful one
};

/// Errors: invalid_input with the key, what was expected and what was found.
Result<Command> read_command(Verb verb, const std::string& body);

/// {"reason": "..."}, or "asked by a client".
Result<std::string> read_reason(const std::string& body);

}  // namespace bw::api
