#include "sweeps/search/asha.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace bw::search {
namespace {

// The jobs that reached a rung, best first; those without a finite loss last.
std::vector<const RungRecord*> ranked(std::span<const RungRecord> records, std::size_t rung) {
    std::vector<const RungRecord*> at;
    for (const RungRecord& record : records) {
        if (record.losses.size() > rung) at.push_back(&record);
    }
    std::sort(at.begin(), at.end(), [rung](const RungRecord* a, const RungRecord* b) {
        const double left = a->losses[rung];
        const double right = b->losses[rung];
        if (std::isfinite(left) != std::isfinite(right)) return std::isfinite(left);
        if (std::isfinite(left) && left != right) return left < right;
        return a->job < b->job;
    });
    return at;
}

std::size_t places(const AshaOptions& options, std::size_t reached, Supply supply) {
    const auto count = static_cast<std::size_t>(static_cast<double>(reached) / options.eta);
    return supply == Supply::exhausted ? std::max<std::size_t>(count, 1) : count;
}

// The jobs that may go on from a rung, best first.
std::vector<const RungRecord*> promoted(
    const AshaOptions& options, std::span<const RungRecord> records, std::size_t rung, Supply supply
) {
    std::vector<const RungRecord*> best = ranked(records, rung);
    best.resize(std::min(best.size(), places(options, best.size(), supply)));
    std::erase_if(best, [rung](const RungRecord* record) {
        return !std::isfinite(record->losses[rung]);
    });
    return best;
}

}  // namespace

std::vector<std::int64_t> rungs_of(const AshaOptions& options) {
    BW_ASSERT(options.min_iter >= 1, "a rung stands at one report at least");
    BW_ASSERT(options.eta > 1, "eta is above 1");
    std::vector<std::int64_t> rungs;
    const auto end = static_cast<double>(options.max_iter);
    for (double at = static_cast<double>(options.min_iter); at < end; at *= options.eta) {
        // A hair above, so that 3 * 1.1^k does not fall below a whole number by rounding.
        const auto rung = static_cast<std::int64_t>(at * (1 + 1e-12));
        if (rungs.empty() || rung > rungs.back()) rungs.push_back(rung);
    }
    return rungs;
}

AtRung at_rung(
    const AshaOptions& options,
    std::span<const RungRecord> records,
    std::uint64_t job,
    Supply supply
) {
    const auto own = std::find_if(records.begin(), records.end(), [&](const RungRecord& record) {
        return record.job == job;
    });
    BW_ASSERT(own != records.end() && !own->losses.empty(), "the job has reached a rung");
    const auto best = promoted(options, records, own->losses.size() - 1, supply);
    const bool is_best = std::any_of(best.begin(), best.end(), [&](const RungRecord* record) {
        return record->job == job;
    });
    return is_best ? AtRung::go_on : AtRung::pause;
}

std::optional<std::uint64_t> next_promotion(
    const AshaOptions& options, std::span<const RungRecord> records, Supply supply
) {
    std::size_t rungs = 0;
    for (const RungRecord& record : records) rungs = std::max(rungs, record.losses.size());
    for (std::size_t rung = rungs; rung-- > 0;) {
        for (const RungRecord* record : promoted(options, records, rung, supply)) {
            const bool waits_here = record->progress == RungRecord::Progress::paused &&
                                    record->losses.size() == rung + 1;
            if (waits_here) return record->job;
        }
    }
    return std::nullopt;
}

}  // namespace bw::search
