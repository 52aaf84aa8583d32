#include "sweeps/flow_spacing.h"

#include <algorithm>

namespace bw::sweeps {
namespace {

/// Follows quotes, comments and brackets from character to character.
class Scanner {
public:
    [[nodiscard]] bool in_flow() const { return depth_ > 0 && quote_ == 0 && !comment_; }

    void step(char before, char c) {
        if (c == '\n') comment_ = false;
        if (comment_) return;
        if (quote_ != 0) {
            const bool escaped = quote_ == '"' && before == '\\' && !escaped_;
            if (c == quote_ && !escaped) quote_ = 0;
            escaped_ = escaped;
            return;
        }
        const bool starts = before == '\n' || before == ' ' || before == '[' || before == '{' ||
                            before == ',' || before == ':';
        if (c == '#' && (before == ' ' || before == '\n')) comment_ = true;
        if ((c == '"' || c == '\'') && starts) quote_ = c;
        if ((c == '[' || c == '{') && (depth_ > 0 || starts)) ++depth_;
        if (c == ']' || c == '}') depth_ = std::max(0, depth_ - 1);
    }

private:
    int depth_ = 0;
    char quote_ = 0;
    bool comment_ = false;
    bool escaped_ = false;  // the backslash before was itself escaped
};

}  // namespace

std::string with_flow_spaces(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 64);
    Scanner scanner;
    char before = '\n';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        out += c;
        const bool bracket_next = i + 1 < text.size() && (text[i + 1] == '[' || text[i + 1] == '{');
        if (c == ':' && bracket_next && scanner.in_flow()) out += ' ';
        scanner.step(before, c);
        before = c;
    }
    return out;
}

}  // namespace bw::sweeps
