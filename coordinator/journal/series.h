// Progress samples for the live view, in DIR/series.db (WAL, synchronous=NORMAL): the newest may be
// lost in a power failure, old ones are thinned, the file may be deleted at any time. One thread at
// a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace bw::journal {

struct Sample {
    JobId job;
    std::uint32_t attempt = 0;
    std::int64_t step = 0;
    Instant at;
    double loss = 0;  // may be NaN
    double samples_per_second = 0;
    friend bool operator==(const Sample&, const Sample&) = default;
};

struct SeriesOptions {
    std::uint64_t samples_per_job_max = 2000;  // beyond it, every second one of the older half goes
};

class Series {
public:
    /// A damaged file is replaced by an empty one. Errors: io, in_use.
    static Result<Series> open(const std::filesystem::path& folder, SeriesOptions options = {});
    Series(Series&&) noexcept;
    Series& operator=(Series&&) noexcept;
    ~Series();

    /// A sample of an attempt and step that is there replaces it. Errors: io; the caller may go on.
    Result<void> add(const Sample& sample);

    /// The newest `limit` samples of a job's newest attempts, by (attempt, step).
    Result<std::vector<Sample>> recent(JobId job, std::uint64_t limit = 500) const;

private:
    struct Impl;
    explicit Series(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::journal
