// The two special functions of the distributions, to about 1e-13 relative.
#pragma once

namespace bw::sweeps {

double normal_cdf(double x);
double normal_quantile(double u);  // -inf at 0, inf at 1

double beta_cdf(double a, double b, double x);  // NaN unless a > 0 and b > 0
double beta_quantile(double a, double b, double u);

}  // namespace bw::sweeps
