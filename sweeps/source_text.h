// The text behind the marks: for what yaml-cpp accepts and YAML does not.
#pragma once

#include <string_view>
#include <vector>

#include "sweeps/diagnostics.h"

namespace bw::sweeps {

class SourceText {
public:
    /// The text must outlive this. Columns count bytes, as yaml-cpp's do.
    explicit SourceText(std::string_view text);

    /// The rest of the line from a place on; empty beyond the text.
    [[nodiscard]] std::string_view line_from(Mark mark) const;

    /// Whether there is a tab in the white space before a place, on its line.
    [[nodiscard]] bool tab_before(Mark mark) const;

private:
    [[nodiscard]] std::size_t offset_of(Mark mark) const;

    std::string_view text_;
    std::vector<std::size_t> line_starts_;
};

}  // namespace bw::sweeps
