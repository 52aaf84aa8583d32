// A sweep file from the disk, checked: what `run` and `plan` begin with.
#pragma once

#include <string>

#include "base/result.h"
#include "sweeps/sweep.h"

namespace bw::cli {

struct SweepFile {
    std::string path;  // absolute
    std::string text;
    sweeps::Sweep sweep;
    std::string warnings;  // rendered, a line each
};

/// Errors: not_found, io; invalid_input with every diagnostic rendered, a line each.
Result<SweepFile> load_sweep_file(const std::string& path);

/// Prints the error to stderr and returns the exit status that goes with it.
int report(const Error& error);

}  // namespace bw::cli
