// The metric of a sweep's jobs, report by report, as losses: lower is better, whatever the goal.
// Private to coordinator/core.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/draft.h"

namespace bw::core {

using Losses = std::vector<double>;

/// Looks at the state before a decision, and at one report that is news to it. The sweep has a
/// metric.
class Curves {
public:
    Curves(const Draft& draft, const SweepRecord& sweep, const EpochMeasured* news = nullptr)
        : draft_(draft), sweep_(sweep), news_(news) {}

    [[nodiscard]] Losses of(JobId id) const;

    /// Every job that existed before the decision, in order.
    [[nodiscard]] const std::vector<JobId>& jobs() const;

    /// With the name and in the sign of the metric: "test_accuracy 0.91".
    [[nodiscard]] std::string text(double loss) const;

private:
    [[nodiscard]] std::optional<double> loss_in(const std::map<std::string, double>& values) const;

    const Draft& draft_;
    const SweepRecord& sweep_;
    const EpochMeasured* news_;
};

/// Shortest text that tells the number apart at six digits.
std::string short_text(double number);

}  // namespace bw::core
