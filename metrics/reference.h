// docs/metrics.md, made from the table: every metric and every label. A test holds the committed
// page equal to it.
#pragma once

#include <string>

namespace bw::metrics {

std::string markdown();

}  // namespace bw::metrics
