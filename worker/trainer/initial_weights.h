// Weights that a network begins with, from a safetensors file: one of ours, or one that Python
// wrote. Names and shapes are those of the network's library.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "models/arch/build.h"

namespace bw::trainer {

/// Every parameter and running statistic; F16, BF16, F32 and F64 are converted. Counters of batches
/// may be missing, and the optimizer's state of a checkpoint is passed over; anything else that is
/// missing, unknown or of another shape is an error, and nothing is changed then. Errors:
/// Errc::not_found, Errc::io, Errc::corrupt, Errc::invalid_input (it does not fit: says what).
Result<void> load_weights(const std::filesystem::path& file, models::Network& network);

}  // namespace bw::trainer
