#include "coordinator/journal/series.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "coordinator/journal/sqlite.h"

namespace bw::journal {
namespace {

constexpr std::int64_t kSeriesVersion = 1;

// samples: a job's progress by (attempt, step). NaN is stored as NULL: SQLite has no NaN.
constexpr const char* kSchema =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "CREATE TABLE IF NOT EXISTS samples(job INTEGER NOT NULL, attempt INTEGER NOT NULL, step "
    "INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL, loss REAL, samples_per_second REAL, PRIMARY KEY(job, attempt, step)) "
    "STRICT, WITHOUT ROWID;"
    "PRAGMA user_version=1;";

// Every second row of the older half, whatever the steps between them are.
constexpr const char* kThin =
    "DELETE FROM samples WHERE (job, attempt, step) IN (SELECT job, attempt, step FROM (SELECT "
    "job, attempt, step,"
    " row_number() OVER (ORDER BY attempt, step) AS place FROM samples WHERE job = ?1)"
    " WHERE place <= ?2 AND place % 2 = 0)";

Result<Database> open_database(const std::filesystem::path& file) {
    auto database = Database::open(file);
    if (!database) return database;
    const auto version = database->query_integer("PRAGMA user_version");
    if (!version) return version.error();
    if (*version > kSeriesVersion) return fail(Errc::corrupt, "series: of a newer release");
    if (auto made = database->execute(kSchema); !made) return made.error();
    return database;
}

void remove_database(const std::filesystem::path& file) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(file.string() + suffix, ignored);
}

double number_or_nan(const Statement& row, int column) {
    return row.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : row.number(column);
}

}  // namespace

struct Series::Impl {
    Database database;
    SeriesOptions options;
    std::map<JobId, std::uint64_t> counts;  // of the jobs that were added to since the start

    Result<std::uint64_t> count(JobId job);
    Result<void> thin(JobId job);
};

Result<Series> Series::open(const std::filesystem::path& folder, SeriesOptions options) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const auto file = folder / "series.db";
    auto database = open_database(file);
    if (!database && database.error().code == Errc::corrupt) {
        remove_database(file);
        database = open_database(file);
    }
    if (!database) return database.error();
    return Series(std::make_unique<Impl>(Impl{std::move(*database), options, {}}));
}

Result<std::uint64_t> Series::Impl::count(JobId job) {
    const auto known = counts.find(job);
    if (known != counts.end()) return known->second;
    auto query = database.prepare("SELECT count(*) FROM samples WHERE job = ?1");
    if (!query) return query.error();
    const auto row = query->bind(1, static_cast<std::int64_t>(job.value)).step();
    if (!row) return row.error();
    return counts[job] = static_cast<std::uint64_t>(query->integer(0));
}

Result<void> Series::Impl::thin(JobId job) {
    auto statement = database.prepare(kThin);
    if (!statement) return statement.error();
    const auto half = static_cast<std::int64_t>(options.samples_per_job_max / 2);
    counts.erase(job);
    return statement->bind(1, static_cast<std::int64_t>(job.value)).bind(2, half).run();
}

Result<void> Series::add(const Sample& sample) {
    auto insert =
        impl_->database.prepare("INSERT OR REPLACE INTO samples VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    if (!insert) return insert.error();
    const auto added = insert->bind(1, static_cast<std::int64_t>(sample.job.value))
                           .bind(2, std::int64_t{sample.attempt})
                           .bind(3, sample.step)
                           .bind(4, sample.at.ns)
                           .bind(5, sample.loss)
                           .bind(6, sample.samples_per_second)
                           .run();
    if (!added) return added;
    const auto count = impl_->count(sample.job);
    if (!count) return count.error();
    ++impl_->counts[sample.job];
    return *count >= impl_->options.samples_per_job_max ? impl_->thin(sample.job) : Result<void>{};
}

Result<std::vector<Sample>> Series::recent(JobId job, std::uint64_t limit) const {
    auto rows = impl_->database.prepare(
        "SELECT attempt, step, at_ns, loss, samples_per_second FROM samples WHERE job = ?1"
        " ORDER BY attempt DESC, step DESC LIMIT ?2"
    );
    if (!rows) return rows.error();
    rows->bind(1, static_cast<std::int64_t>(job.value)).bind(2, static_cast<std::int64_t>(limit));
    std::vector<Sample> samples;
    for (;;) {
        const auto row = rows->step();
        if (!row) return row.error();
        if (!*row) break;
        samples.push_back(
            {.job = job,
             .attempt = static_cast<std::uint32_t>(rows->integer(0)),
             .step = rows->integer(1),
             .at = {rows->integer(2)},
             .loss = number_or_nan(*rows, 3),
             .samples_per_second = number_or_nan(*rows, 4)}
        );
    }
    std::ranges::reverse(samples);
    return samples;
}

Series::Series(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Series::Series(Series&&) noexcept = default;
Series& Series::operator=(Series&&) noexcept = default;
Series::~Series() = default;

}  // namespace bw::journal
