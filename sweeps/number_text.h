// Numbers as text, in the form in which both Python and JSON read them back unchanged.
#pragma once

#include <string>

namespace bw::sweeps {

/// The shortest text that reads back as the same double, laid out as Python's repr does: 0.1, 1.0,
/// 1e-05, 1e+16. Infinities and NaN are inf, -inf, nan.
std::string number_text(double number);

}  // namespace bw::sweeps
