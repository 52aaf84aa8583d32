#include "sweeps/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace bw::sweeps {
namespace {

// Python switches to an exponent outside of 1e-4 .. 1e16.
constexpr int kFixedExponentMin = -4;
constexpr int kFixedExponentMax = 16;

std::string fixed_text(std::string_view digits, int exponent) {
    std::string out(digits);
    if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + out;
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (out.size() <= whole) return out + std::string(whole - out.size(), '0') + ".0";
    return out.insert(whole, ".");
}

std::string exponent_text(std::string_view digits, int exponent) {
    std::string out(digits.substr(0, 1));
    if (digits.size() > 1) out += "." + std::string(digits.substr(1));
    const std::string magnitude = std::to_string(std::abs(exponent));
    return out + (exponent < 0 ? "e-" : "e+") + (magnitude.size() < 2 ? "0" : "") + magnitude;
}

}  // namespace

std::string number_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    char buffer[40];
    const auto end = std::to_chars(
        buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific
    );
    const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
    const std::size_t e = text.find('e');
    std::string digits(text.substr(0, 1));
    if (e > 2) digits += text.substr(2, e - 2);
    const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
    const bool fixed = exponent >= kFixedExponentMin && exponent < kFixedExponentMax;
    return (std::signbit(number) ? "-" : "") +
           (fixed ? fixed_text(digits, exponent) : exponent_text(digits, exponent));
}

}  // namespace bw::sweeps
