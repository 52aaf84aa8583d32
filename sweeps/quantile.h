// Quantile function (inverse of the distribution function) and distribution function of a
// parameter, as W&B's package computes them (SYNTAX, section 2). Pure, thread-safe.
#pragma once

#include "sweeps/sweep.h"

namespace bw::sweeps {

/// The value at probability u in [0, 1]. Quantised draws are integers exactly when q was written as
/// an integer; int_uniform gives integers, the rest doubles. May be infinite at 0 and 1.
Value quantile_at(const Parameter& parameter, double u);

/// P(X <= x) of a numeric parameter; of a categorical one x is the index of the value; 0 for a
/// constant. Quantised distributions use the unquantised function.
double cdf_at(const Parameter& parameter, double x);

}  // namespace bw::sweeps
