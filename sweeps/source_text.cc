#include "sweeps/source_text.h"

#include <algorithm>

namespace bw::sweeps {

SourceText::SourceText(std::string_view text) : text_(text), line_starts_{0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
}

std::size_t SourceText::offset_of(Mark mark) const {
    if (mark.line < 1 || mark.column < 1) return text_.size();
    const auto line = static_cast<std::size_t>(mark.line) - 1;
    if (line >= line_starts_.size()) return text_.size();
    return std::min(text_.size(), line_starts_[line] + static_cast<std::size_t>(mark.column) - 1);
}

std::string_view SourceText::line_from(Mark mark) const {
    const std::string_view rest = text_.substr(offset_of(mark));
    return rest.substr(0, rest.find('\n'));
}

bool SourceText::tab_before(Mark mark) const {
    for (std::size_t at = offset_of(mark); at > 0; --at) {
        const char c = text_[at - 1];
        if (c == '\t') return true;
        if (c != ' ') return false;
    }
    return false;
}

}  // namespace bw::sweeps
