// Compares our networks with the reference values of a file (the form of golden.json).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace bw::models {

/// As the reference was made: the shape fill in double, the ordinal fill in float; or both in float
/// (faster).
enum class Precision { reference, single };
enum class Checkpoints { ignored, compared };

struct GoldenOptions {
    std::string only = {};  // one entry's name, or empty: all
    Precision precision = Precision::reference;
    Checkpoints checkpoints = Checkpoints::ignored;
};

/// Errors are relative: max |ours - reference| / max(absmax, 1e-3); 1e-4 passes.
struct GoldenLine {
    std::string name;
    std::string kind;  // "shape", "ordinal", "checkpoints", "counts"
    double error = 0.0;
    bool passed = false;
    std::string detail;  // why it did not, how much was compared, or (counts) which network it is
};

/// Calls `report` with each line as it is known. Errors: the file cannot be read or is not of this
/// form; no entry of the name in `only`.
Result<std::vector<GoldenLine>> check_golden_file(
    const std::string& path, const GoldenOptions& options, void (*report)(const GoldenLine&)
);

}  // namespace bw::models
