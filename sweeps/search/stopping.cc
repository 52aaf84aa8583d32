#include "sweeps/search/stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bw::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double best_of(std::span<const double> losses) {
    double best = kInfinity;
    for (const double loss : losses) {
        if (std::isfinite(loss)) best = std::min(best, loss);
    }
    return best;
}

std::optional<double> mean_of(std::span<const double> losses) {
    double sum = 0;
    std::size_t count = 0;
    for (const double loss : losses) {
        if (!std::isfinite(loss)) continue;
        sum += loss;
        ++count;
    }
    return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

bool is_below_median(const MedianRule& rule, const History& own, std::span<const History> others) {
    if (static_cast<std::int64_t>(own.size()) < std::max<std::int64_t>(rule.min_iter, 1))
        return false;
    std::vector<double> means;
    for (const History& other : others) {
        if (other.size() < own.size()) continue;
        if (const auto mean = mean_of(std::span(other).first(own.size()))) means.push_back(*mean);
    }
    if (means.size() < std::max<std::size_t>(rule.min_jobs, 1)) return false;
    return best_of(own) > median_of(std::move(means));
}

bool has_stalled(const PatienceRule& rule, const History& own) {
    double best = kInfinity;
    std::int64_t since = 0;
    for (const double loss : own) {
        const bool is_better = std::isfinite(loss) && loss < best - rule.min_delta;
        since = is_better ? 0 : since + 1;
        if (is_better) best = loss;
    }
    return !own.empty() && since >= rule.reports;
}

std::optional<std::size_t> reached_at(double target_loss, const History& own) {
    const auto hit = std::find_if(own.begin(), own.end(), [&](double loss) {
        return std::isfinite(loss) && loss <= target_loss;
    });
    if (hit == own.end()) return std::nullopt;
    return static_cast<std::size_t>(hit - own.begin()) + 1;
}

bool must_stop(NotFinite policy, const History& own) {
    constexpr int kInARow = 3;
    int longest = 0;
    int length = 0;
    for (const double loss : own) {
        length = std::isfinite(loss) ? 0 : length + 1;
        longest = std::max(longest, length);
    }
    switch (policy) {
        case NotFinite::stops:
            return longest > 0;
        case NotFinite::counts:
            return longest >= kInARow;
        case NotFinite::passes:
            return false;
    }
    return false;
}

}  // namespace bw::search
