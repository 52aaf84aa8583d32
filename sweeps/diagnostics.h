// Problems of a sweep file, as a compiler would report them: all of them in one run, in the order
// of the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bw::sweeps {

/// 1-based; line 0 is "the file as a whole".
struct Mark {
    int line = 0;
    int column = 0;
};

enum class Severity { error, warning };

struct Diagnostic {
    Severity severity = Severity::error;
    Mark mark;
    std::string path;     // "parameters.lr.min"; empty at the top
    std::string message;  // "expected a number, found \"fast\""
};

inline constexpr std::size_t kDiagnosticsMax = 50;

bool has_errors(const std::vector<Diagnostic>& diagnostics);

/// `sweep.yaml:14:9: parameters.lr.min: expected a number, found "fast"`; warnings say `warning: `
/// after the position.
std::string render(const Diagnostic& diagnostic, std::string_view file_name);

}  // namespace bw::sweeps
