// The trainer as a program that answers one question on stdout: it has LibTorch, this one has not.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bw::cli {

/// What it printed; its stderr goes to ours. Errors: not_found (no such program), invalid_input
/// (it said what is wrong), unknown.
Result<std::string> ask_trainer(
    const std::string& trainer, const std::vector<std::string>& arguments
);

}  // namespace bw::cli
