// curve.csv of a program: what rank 0 reports of its steps, in the built-in trainer's columns
// `step,epoch,loss,samples,seconds`, one row a report, steps growing. A program need not report
// every step. After a resume the earlier attempt's rows up to the checkpoint's step come first.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace bw::program {

struct CurveEntry {
    std::int64_t step = 0, epoch = 0;
    double loss = 0;  // NaN: not reported
    std::int64_t samples = 0;
};

/// One writer per file.
class CurveLog {
public:
    CurveLog() = default;
    CurveLog(const CurveLog&) = delete;
    CurveLog& operator=(const CurveLog&) = delete;
    ~CurveLog();

    /// Begins `file` with the rows of `earlier` (none when empty) up to `last_step`. Errors: io.
    Result<void> open(
        const std::filesystem::path& file,
        const std::filesystem::path& earlier,
        std::int64_t last_step
    );

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

    /// A step that stands there already is left out. `seconds`: of this attempt so far.
    Result<void> append(const CurveEntry& entry, double seconds);

    /// Errors: io.
    Result<void> sync() const;

private:
    int descriptor_ = -1;
    std::int64_t last_step_ = 0;
    double seconds_before_ = 0;  // of the attempts whose rows came first
};

}  // namespace bw::program
