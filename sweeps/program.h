// A program of the user's own in a sweep file: what starts it (`program`, `command`), and what is
// wrong with that. How it is run: worker/program. Pure.
#pragma once

#include <string>

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

/// {"program": text, "command": list or null}, as it stands in the file; empty for the built-in
/// trainer.
std::string program_json(const Sweep& sweep);

/// Reports a program that cannot be started.
void check_program(const Element& root, Problems& problems);

}  // namespace bw::sweeps
