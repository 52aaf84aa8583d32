#include "sweeps/json_reader.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace bw::sweeps {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

class Reader {
public:
    Reader(std::string_view text, TreeBuilder& builder) : text_(text), builder_(builder) {}

    // The builder bounds the depth, so the recursion is shallow.
    bool read() {
        if (!value()) return false;
        skip_space();
        return at_ == text_.size();
    }

private:
    [[nodiscard]] bool ended() const { return at_ >= text_.size(); }

    [[nodiscard]] Mark mark() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }

    void skip_space() {
        for (; !ended(); ++at_) {
            const char c = text_[at_];
            if (c != ' ' && c != '\t' && c != '\n') return;
            if (c != '\n') continue;
            ++line_;
            line_start_ = at_ + 1;
        }
    }

    bool accept(char c) {
        skip_space();
        if (ended() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    bool value() {
        skip_space();
        if (ended()) return false;
        const Mark place = mark();
        switch (text_[at_]) {
            case '{':
                return map(place);
            case '[':
                return list(place);
            case '"':
                return text();
            default:
                return word(place);
        }
    }

    bool map(Mark place) {
        ++at_;
        builder_.open_map(place, "", 0, TreeBuilder::Layout::flow);
        if (!accept('}')) {
            do {
                skip_space();
                if (!text() || !accept(':') || !value()) return false;
            } while (accept(','));
            if (!accept('}')) return false;
        }
        builder_.close_map();
        return true;
    }

    bool list(Mark place) {
        ++at_;
        builder_.open_list(place, "", 0, TreeBuilder::Layout::flow);
        if (!accept(']')) {
            do {
                if (!value()) return false;
            } while (accept(','));
            if (!accept(']')) return false;
        }
        builder_.close_list();
        return true;
    }

    bool word(Mark place) {
        std::size_t end = at_;
        const auto inside = [](char c) {
            return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
                   c == '-' || c == '.';
        };
        while (end < text_.size() && inside(text_[end])) ++end;
        std::string word(text_.substr(at_, end - at_));
        if (word == "null") {
            builder_.null(place, 0);
        } else if (word == "true" || word == "false" || is_number(word)) {
            builder_.scalar(place, "?", 0, word);
        } else if (word == "NaN" || word == "Infinity" || word == "-Infinity") {
            builder_.scalar(
                place,
                "?",
                0,
                word == "NaN"        ? ".nan"
                : word == "Infinity" ? ".inf"
                                     : "-.inf"
            );
        } else {
            return false;
        }
        at_ = end;
        return true;
    }

    // -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [-+]? [0-9]+)?
    static bool is_number(std::string_view word) {
        std::size_t i = word.starts_with('-') ? 1 : 0;
        const auto digits = [&]() {
            const std::size_t from = i;
            while (i < word.size() && is_digit(word[i])) ++i;
            return i - from;
        };
        const bool zero = i < word.size() && word[i] == '0';
        const std::size_t whole = digits();
        if (whole == 0 || (zero && whole > 1)) return false;
        if (i < word.size() && word[i] == '.') {
            ++i;
            if (digits() == 0) return false;
        }
        if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
            ++i;
            if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
            if (digits() == 0) return false;
        }
        return i == word.size();
    }

    bool text() {
        if (ended() || text_[at_] != '"') return false;
        const Mark place = mark();
        std::string out;
        for (++at_; !ended() && text_[at_] != '"';) {
            if (text_[at_] == '\n') return false;
            if (text_[at_] != '\\') {
                out += text_[at_++];
            } else if (!escape(out)) {
                return false;
            }
        }
        if (ended()) return false;
        ++at_;
        builder_.scalar(place, "!", 0, out);
        return true;
    }

    bool escape(std::string& out) {
        if (at_ + 1 >= text_.size()) return false;
        const char c = text_[at_ + 1];
        at_ += 2;
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
        if (const std::size_t found = kNames.find(c); found != kNames.npos) {
            out += kValues[found];
            return true;
        }
        if (c != 'u') return false;
        auto code = hex4();
        if (!code) return false;
        if (*code >= 0xD800 && *code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            const auto low = hex4();
            if (!low || *low < 0xDC00 || *low > 0xDFFF) return false;
            code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
        }
        if (*code >= 0xD800 && *code <= 0xDFFF) return false;
        append_utf8(out, *code);
        return true;
    }

    std::optional<std::uint32_t> hex4() {
        if (at_ + 4 > text_.size()) return std::nullopt;
        std::uint32_t code = 0;
        const char* begin = text_.data() + at_;
        const auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
        if (error != std::errc{} || end != begin + 4) return std::nullopt;
        at_ += 4;
        return code;
    }

    std::string_view text_;
    TreeBuilder& builder_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
};

}  // namespace

bool read_json(std::string_view text, TreeBuilder& builder) { return Reader(text, builder).read(); }

}  // namespace bw::sweeps
