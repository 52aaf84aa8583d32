// The loss of every step, in curve.csv beside the attempt's checkpoints:
// `step,epoch,loss,samples,seconds`, steps from 1, epochs from 0, one row a step, written by rank 0
// with one write. After a resume the file holds the rows of the earlier attempt up to the
// checkpoint's step first, so that each step stands there once. No torch.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace bw::trainer {

struct CurveRow {
    std::int64_t step = 0, epoch = 0;
    double loss = 0;
    std::int64_t samples = 0;
    double seconds = 0;  // wall time since the job's first step, without the time between attempts
};

/// Closed on destruction. One writer per file.
class CurveFile {
public:
    /// Creates `file` with the header and the rows of `earlier` up to `last_step` (none when
    /// `earlier` is empty). Errors: Errc::io; Errc::corrupt when the earlier file lacks rows.
    static Result<CurveFile> create(
        const std::filesystem::path& file,
        const std::filesystem::path& earlier,
        std::int64_t last_step
    );

    CurveFile(CurveFile&& other) noexcept;
    CurveFile& operator=(CurveFile&&) = delete;
    CurveFile(const CurveFile&) = delete;
    ~CurveFile();

    /// Errors: Errc::io.
    Result<void> append(const CurveRow& row);

    /// Before a checkpoint is called durable, so are the rows that lead to it.
    Result<void> sync();

private:
    explicit CurveFile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace bw::trainer
