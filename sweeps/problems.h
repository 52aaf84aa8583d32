// Collects what is wrong with a file while the reading goes on, so that one run reports everything.
#pragma once

#include <string>
#include <vector>

#include "sweeps/diagnostics.h"

namespace bw::sweeps {

class Problems {
public:
    void error(Mark mark, std::string path, std::string message);
    void warning(Mark mark, std::string path, std::string message);

    [[nodiscard]] bool has_error() const { return has_error_; }

    /// By position, without repetitions (an alias brings its text into several places), errors kept
    /// before warnings when there are more than kDiagnosticsMax.
    std::vector<Diagnostic> sorted() &&;

private:
    std::vector<Diagnostic> list_;
    bool has_error_ = false;
};

}  // namespace bw::sweeps
