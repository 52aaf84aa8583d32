// Reads what stands under the reserved key `batchwright:`. Misspelt keys are refused with the
// nearest name.
#pragma once

#include "sweeps/problems.h"
#include "sweeps/sweep.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {

inline constexpr std::string_view kReservedKey = "batchwright";

inline constexpr std::int64_t kWorldSizeMax = 4096;
inline constexpr std::int64_t kRetriesMax = 1000;
inline constexpr std::int64_t kConcurrencyMax = 100'000;
inline constexpr std::int64_t kBatchMax = 1 << 24;  // global batch, micro-batch, BatchNorm group
inline constexpr std::int64_t kStepsMax = std::int64_t{1} << 40;

Options read_options(const Entry& entry, Problems& problems);

/// `ghost`, `ghost(32)`, `micro_batch`, `frozen`; false for anything else.
bool parse_bn(std::string_view text, Options& options);

}  // namespace bw::sweeps
