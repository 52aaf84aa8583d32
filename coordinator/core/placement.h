// FIFO gang placement. Private to coordinator/core.
#pragma once

#include <cstdint>

#include "coordinator/core/draft.h"

namespace bw::core {

/// Places every job whose turn it is and whose gang fits: by sweep, then by job; the first that
/// must wait for slots holds back all behind it. How many were placed.
std::int64_t place_jobs(Draft& draft);

}  // namespace bw::core
