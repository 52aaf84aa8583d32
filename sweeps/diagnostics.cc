#include "sweeps/diagnostics.h"

#include <algorithm>

namespace bw::sweeps {

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) {
        return d.severity == Severity::error;
    });
}

std::string render(const Diagnostic& diagnostic, std::string_view file_name) {
    std::string out(file_name);
    if (diagnostic.mark.line > 0) {
        out += ":" + std::to_string(diagnostic.mark.line) + ":" +
               std::to_string(diagnostic.mark.column);
    }
    out += ": ";
    if (diagnostic.severity == Severity::warning) out += "warning: ";
    if (!diagnostic.path.empty()) out += diagnostic.path + ": ";
    return out + diagnostic.message;
}

}  // namespace bw::sweeps
