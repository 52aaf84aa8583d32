#include "sweeps/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "base/text.h"

namespace bw::sweeps {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t from, std::string_view also = "") {
    std::size_t end = from;
    while (end < text.size() && (is_digit(text[end]) || also.find(text[end]) != also.npos)) ++end;
    return end - from;
}

std::string without_underscores(std::string_view text) {
    std::string out(text);
    out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
    return out;
}

// Whole numbers beyond 64 bits keep their magnitude as a double; Python's are unbounded.
Value integer_value(bool negative, std::string_view digits, int base) {
    std::uint64_t magnitude = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (error == std::errc{} && magnitude <= kMax) {
        const auto number = static_cast<std::int64_t>(magnitude);
        return Value{negative ? -number : number};
    }
    if (base == 10) {
        const double number = std::strtod(std::string(digits).c_str(), nullptr);
        return Value{negative ? -number : number};
    }
    double number = 0;
    for (const char c : digits) {
        const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
        number = number * base + digit;
    }
    return Value{negative ? -number : number};
}

double float_value(const std::string& text) {
    // strtod, not from_chars: it accepts a leading "." and yields inf on overflow. Locale stays "C"
    // (nobody sets it).
    return std::strtod(text.c_str(), nullptr);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, with YAML 1.1's underscores;
// not an integer.
bool is_float(std::string_view body) {
    const std::size_t whole = body.empty() || !is_digit(body[0]) ? 0 : digits_at(body, 0, "_");
    std::size_t at = whole;
    bool marked = false;
    if (at < body.size() && body[at] == '.') {
        marked = true;
        const std::size_t fraction = digits_at(body, ++at, whole > 0 ? "_" : "");
        if (whole == 0 && fraction == 0) return false;
        at += fraction;
    }
    if (whole == 0 && !marked) return false;
    if (at < body.size() && (body[at] == 'e' || body[at] == 'E')) {
        marked = true;
        if (++at < body.size() && (body[at] == '-' || body[at] == '+')) ++at;
        const std::size_t exponent = digits_at(body, at);
        if (exponent == 0) return false;
        at += exponent;
    }
    return marked && at == body.size();
}

// YAML 1.1's base 60: 1:30 is 90, 1:30.5 is 90.5.
std::optional<Value> sexagesimal(bool negative, std::string_view body) {
    if (body.find(':') == body.npos || !is_digit(body[0])) return std::nullopt;
    const std::size_t point = body.find('.');
    const bool whole = point == body.npos;
    if (whole && body[0] == '0') return std::nullopt;
    double total = 0;
    std::string_view rest = body.substr(0, point);
    if (rest.ends_with(':')) return std::nullopt;
    for (bool first = true; !rest.empty(); first = false) {
        const std::string_view part = rest.substr(0, rest.find(':'));
        rest = part.size() < rest.size() ? rest.substr(part.size() + 1) : std::string_view{};
        if (part.empty() || digits_at(part, 0, first ? "_" : "") != part.size())
            return std::nullopt;
        if (!first && (part.size() > 2 || (part.size() == 2 && part[0] > '5'))) return std::nullopt;
        total = total * 60 + float_value(without_underscores(part));
    }
    if (!whole) {
        const std::string_view fraction = body.substr(point);
        if (1 + digits_at(fraction, 1, "_") != fraction.size()) return std::nullopt;
        total += float_value("0" + without_underscores(fraction));
        return Value{negative ? -total : total};
    }
    if (total > 9e15) return Value{negative ? -total : total};
    return Value{static_cast<std::int64_t>(negative ? -total : total)};
}

bool all_of_base(std::string_view digits, int base) {
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), [base](char c) {
        if (c == '_') return true;
        if (base == 16) return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        return c >= '0' && c < '0' + base;
    });
}

std::optional<Scalar> integer_scalar(bool negative, std::string_view body) {
    const bool zero_first = body.size() > 1 && body[0] == '0';
    const int base = !zero_first ? 10 : body[1] == 'x' ? 16 : body[1] == 'b' ? 2 : 8;
    const std::string_view digits = !zero_first ? body : body.substr(base == 8 ? 1 : 2);
    if (!all_of_base(digits, base) || (base == 10 && body[0] == '_')) return std::nullopt;
    const std::string plain = without_underscores(digits);
    if (plain.empty()) return std::nullopt;
    Scalar out{integer_value(negative, plain, base), ""};
    if (base == 8) out.note = "an octal number";
    if (base == 10 && plain.size() != digits.size()) out.note = "a number";
    return out;
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<Scalar> word_scalar(std::string_view text) {
    static constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
    static constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};
    static constexpr std::array<std::string_view, 6> kYes = {"yes", "Yes", "YES", "on", "On", "ON"};
    static constexpr std::array<std::string_view, 6> kNo = {"no", "No", "NO", "off", "Off", "OFF"};
    static constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
    if (is_one_of(text, kTrue)) return Scalar{Value{true}, ""};
    if (is_one_of(text, kFalse)) return Scalar{Value{false}, ""};
    if (is_one_of(text, kYes)) return Scalar{Value{true}, "a boolean"};
    if (is_one_of(text, kNo)) return Scalar{Value{false}, "a boolean"};
    if (is_one_of(text, kNull)) return Scalar{Value{nullptr}, ""};
    return std::nullopt;
}

std::optional<Value> special_float(bool negative, std::string_view text, std::string_view body) {
    static constexpr std::array<std::string_view, 3> kInf = {".inf", ".Inf", ".INF"};
    static constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (is_one_of(body, kInf)) return Value{negative ? -kInfinity : kInfinity};
    if (is_one_of(text, kNan)) return Value{std::numeric_limits<double>::quiet_NaN()};
    return std::nullopt;
}

std::optional<Scalar> number_scalar(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const bool is_signed = text[0] == '-' || text[0] == '+';
    const bool negative = text[0] == '-';
    const std::string_view body = text.substr(is_signed ? 1 : 0);
    if (body.empty() || !(is_digit(body[0]) || body[0] == '.')) return std::nullopt;
    if (auto integer = integer_scalar(negative, body)) return integer;
    if (is_float(body)) {
        const std::string plain = without_underscores(body);
        const double number = float_value(plain);
        return Scalar{
            Value{negative ? -number : number}, plain.size() == body.size() ? "" : "a number"};
    }
    if (auto number = special_float(negative, text, body)) return Scalar{*number, ""};
    if (auto number = sexagesimal(negative, body)) return Scalar{*number, "a number in base 60"};
    return std::nullopt;
}

}  // namespace

Scalar resolve_plain(std::string_view text) {
    auto found = word_scalar(text);
    if (!found) found = number_scalar(text);
    if (!found) return {Value{std::string(text)}, ""};
    if (!found->note.empty()) {
        found->note = quoted(text) + " is read as " + found->note + ", " + to_json(found->value) +
                      "; write it so, or put it in quotes";
    }
    return *found;
}

std::optional<Value> resolve_number(std::string_view text) {
    const auto found = number_scalar(text);
    return found ? std::optional<Value>(found->value) : std::nullopt;
}

}  // namespace bw::sweeps
