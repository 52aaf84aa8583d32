// A checkpoint on disk: the safetensors layout (8-byte little-endian length, JSON header, raw
// data), so that other programs can read the weights. `__metadata__` holds the run's state and a
// SHA-256 over header and data. No torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/trainer/attempt/run_state.h"
#include "worker/trainer/data/mapped_file.h"

namespace bw::trainer {

/// A tensor's bytes, row-major, little-endian. A view: the memory belongs to the caller or to a
/// CheckpointFile.
struct TensorBytes {
    std::string name;
    std::string dtype;  // F32, F64, I64; of other programs' files also F16, BF16, ...
    std::vector<std::int64_t> shape;
    std::span<const std::uint8_t> bytes;
};

/// Durable when it returns: written beside, synchronised, read back and verified, then renamed.
/// Errors: Errc::io, Errc::corrupt (what was read back differs).
Result<void> write_checkpoint(
    const std::filesystem::path& file,
    const Metadata& metadata,
    std::span<const TensorBytes> tensors
);

/// A checkpoint that has been verified.
struct CheckpointFile {
    Metadata metadata;
    std::vector<TensorBytes> tensors;  // in the file's order
    std::shared_ptr<const MappedFile> storage;

    [[nodiscard]] const TensorBytes* find(std::string_view name) const;
};

/// Errors: Errc::not_found, Errc::io, Errc::corrupt; each names the file.
Result<CheckpointFile> read_checkpoint(const std::filesystem::path& file);

/// Any program's safetensors file, with or without a checksum of ours; one that is there must hold.
/// Errors: as read_checkpoint's.
Result<CheckpointFile> read_safetensors(const std::filesystem::path& file);

/// Weights alone, of the best test accuracy, in the attempt's folder.
inline constexpr std::string_view kBestWeightsFile = "best.safetensors";

/// <dir>/step-<step>.safetensors
std::filesystem::path checkpoint_path(const std::filesystem::path& attempt_dir, std::int64_t step);

/// Removes an attempt's own checkpoints of steps before `step`; what cannot be removed stays.
void remove_checkpoints_before(const std::filesystem::path& attempt_dir, std::int64_t step);

}  // namespace bw::trainer
