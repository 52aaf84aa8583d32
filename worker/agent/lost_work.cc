#include "worker/agent/lost_work.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/number.h"

namespace bw::agent {
namespace {

constexpr std::int64_t kFirstReadBytes = 16 * 1024;  // some hundreds of rows

struct Row {
    std::int64_t step = 0;
    double seconds = 0;
};

/// Of "step,epoch,loss,samples,seconds".
std::optional<Row> row_of(std::string_view line) {
    const auto last = line.rfind(',');
    if (last == std::string_view::npos) return std::nullopt;
    const auto step = parse_number<std::int64_t>(line.substr(0, line.find(',')));
    const auto seconds = parse_number<double>(line.substr(last + 1));
    if (!step || !seconds || !std::isfinite(*seconds)) return std::nullopt;
    return Row{*step, *seconds};
}

/// The last bytes of the file; whole rows only, since the first may be cut and the last torn.
std::vector<Row> rows_at_the_end(std::ifstream& file, std::int64_t bytes, std::int64_t size) {
    std::string text(static_cast<std::size_t>(std::min(bytes, size)), '\0');
    file.clear();
    file.seekg(size - static_cast<std::int64_t>(text.size()));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    std::vector<Row> rows;
    auto begin = text.find('\n');  // after the header, or what is left of a row
    while (begin != std::string::npos) {
        const auto end = text.find('\n', begin + 1);
        if (end == std::string::npos) break;
        const auto row = row_of(std::string_view(text).substr(begin + 1, end - begin - 1));
        if (row) rows.push_back(*row);
        begin = end;
    }
    return rows;
}

/// The rows from that of `step` on. A long history is read no further back.
std::vector<Row> rows_from(const std::filesystem::path& curve, std::int64_t step) {
    std::error_code error;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(curve, error));
    std::ifstream file(curve, std::ios::binary);
    if (error || !file) return {};
    for (std::int64_t bytes = kFirstReadBytes;; bytes *= 4) {
        std::vector<Row> rows = rows_at_the_end(file, bytes, size);
        const bool reaches_back = !rows.empty() && rows.front().step <= step;
        if (!reaches_back && bytes < size) continue;
        std::erase_if(rows, [step](const Row& row) { return row.step < step; });
        return rows;
    }
}

}  // namespace

void add_lost_work(
    proto::AttemptRunning& fact,
    const std::filesystem::path& attempt_dir,
    std::uint32_t account_from
) {
    if (account_from == 0) return;
    for (std::uint32_t number = account_from; number < fact.attempt(); ++number) {
        const auto earlier = attempt_dir.parent_path() / std::to_string(number);
        std::vector<Row> rows = rows_from(earlier / "curve.csv", fact.step());
        if (fact.step() == 0) rows.insert(rows.begin(), Row{});  // before the first step
        if (rows.empty() || rows.front().step != fact.step()) continue;
        if (rows.back().step <= fact.step()) continue;
        proto::LostWork& lost = *fact.add_lost();
        lost.set_attempt(number);
        lost.set_steps(rows.back().step - fact.step());
        const double seconds = std::max(rows.back().seconds - rows.front().seconds, 0.0);
        lost.set_time_ns(std::llround(seconds * 1e9));
    }
}

}  // namespace bw::agent
