#include "coordinator/results/curves.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>

#include "base/number.h"
#include "coordinator/results/atomic_file.h"
#include "coordinator/results/layout.h"

namespace bw::results {
namespace {

struct Row {
    std::int64_t step = 0, epoch = 0;
    std::string_view loss;  // as written: no digit is lost
};

std::string_view next_field(std::string_view& rest) {
    const auto comma = rest.find(',');
    const std::string_view field = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    return field;
}

/// Of "step,epoch,loss,samples,seconds"; later columns may come.
std::optional<Row> read_row(std::string_view line) {
    const auto step = parse_number<std::int64_t>(next_field(line));
    const auto epoch = parse_number<std::int64_t>(next_field(line));
    const std::string_view loss = next_field(line);
    if (!step || !epoch || !parse_number<double>(loss)) return std::nullopt;
    return Row{*step, *epoch, loss};
}

/// The curve of the newest attempt that has one: an attempt that ended before its first step wrote
/// none.
std::optional<std::filesystem::path> newest_curve(
    const std::filesystem::path& state_dir,
    const core::SweepRecord& sweep,
    const core::JobRecord& job
) {
    for (auto attempt = job.attempts.rbegin(); attempt != job.attempts.rend(); ++attempt) {
        auto file = attempt_dir(state_dir, sweep, job.ordinal, attempt->number) / "curve.csv";
        std::error_code ignored;
        if (std::filesystem::is_regular_file(file, ignored)) return file;
    }
    return std::nullopt;
}

/// What a curve may hold: a program need not report every step.
enum class Steps { each, some };

/// Copies one job's rows. Returns how many were left out, the torn last one not counted.
std::size_t copy_rows(std::istream& in, std::uint64_t ordinal, Steps steps, AtomicFile& out) {
    std::string line;
    std::getline(in, line);  // the header
    std::int64_t last = 0;
    std::size_t left_out = 0;
    const std::string point = std::to_string(ordinal) + ",";
    while (std::getline(in, line)) {
        if (in.eof()) break;  // no line feed: torn
        const auto row = read_row(line);
        const bool follows =
            row && (steps == Steps::some ? row->step > last : row->step == last + 1);
        if (!follows) {
            ++left_out;
            continue;
        }
        last = row->step;
        out.write(point + std::to_string(row->step) + "," + std::to_string(row->epoch) + ",");
        out.write(row->loss);
        out.write("\n");
    }
    return left_out;
}

}  // namespace

Result<std::vector<std::string>> write_curves(
    const core::State& state,
    const core::SweepRecord& sweep,
    const std::filesystem::path& state_dir,
    const std::filesystem::path& file
) {
    auto out = AtomicFile::create(file);
    if (!out) return out.error();
    std::vector<std::string> warnings;
    out->write("ordinal,step,epoch,loss\n");
    const Steps steps = sweep.sweep->external ? Steps::some : Steps::each;
    for (const JobId id : sweep.jobs) {
        const core::JobRecord& job = state.jobs.at(id);
        const auto curve = newest_curve(state_dir, sweep, job);
        if (!curve) continue;
        std::ifstream in(*curve, std::ios::binary);
        const std::size_t left_out = copy_rows(in, job.ordinal, steps, *out);
        if (left_out == 0) continue;
        warnings.push_back(
            "curve \"" + curve->string() + "\": " + std::to_string(left_out) +
            " rows do not follow the step before them or cannot be read; they are not in curves.csv"
        );
    }
    if (auto committed = out->commit(); !committed) return committed.error();
    return warnings;
}

}  // namespace bw::results
