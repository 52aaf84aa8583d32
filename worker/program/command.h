// What is executed for a rank: the words of the command, and the variables that the program finds.
// Reads this process's environment (for ${envvar:NAME} and PATH).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "wire/trainer/messages.h"

namespace bw::program {

/// Where the ranks meet: rank 0 listens there.
struct Meeting {
    std::string host;
    int port = 0;
};

/// The first word is a path. ${args_json_file} is written into the attempt's folder. Errors:
/// invalid_input (an empty command), not_found (no such program), io.
Result<std::vector<std::string>> command_of(const trainer_wire::Start& start);

/// "NAME=value": RANK, WORLD_SIZE, ..., without BATCHWRIGHT_FD.
std::vector<std::string> environment_of(const trainer_wire::Start& start, const Meeting& meeting);

}  // namespace bw::program
