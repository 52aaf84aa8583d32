#include "sweeps/search/history.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace bw::search {
namespace {

// The finite values of one run as losses: history first, the summary last.
struct Losses {
    std::vector<double> history;
    std::optional<double> best;
    std::optional<double> worst;
};

Losses losses_of(const RunRecord& run, double sign) {
    Losses losses;
    for (const double value : run.history) {
        if (std::isfinite(value)) losses.history.push_back(sign * value);
    }
    std::vector<double> all = losses.history;
    if (run.summary && std::isfinite(*run.summary)) all.push_back(sign * *run.summary);
    if (!all.empty()) {
        const auto [low, high] = std::minmax_element(all.begin(), all.end());
        losses.best = *low;
        losses.worst = *high;
    }
    return losses;
}

class Imputer {
public:
    Imputer(std::span<const RunRecord> runs, double sign, Valueless valueless)
        : valueless_(valueless) {
        for (const RunRecord& run : runs) {
            if (!is_terminal(run.state)) continue;
            const auto worst = losses_of(run, sign).worst;
            if (worst) worst_ = std::max(worst_.value_or(*worst), *worst);
        }
    }

    [[nodiscard]] std::optional<double> imputed(std::string_view rule, const Losses& losses) const {
        if (rule == "worst") return worst_ ? worst_ : missing();
        if (rule == "latest") return losses.history.empty() ? missing() : losses.history.back();
        return losses.best ? losses.best : missing();
    }

private:
    [[nodiscard]] std::optional<double> missing() const {
        return valueless_ == Valueless::zero ? std::optional(0.0) : worst_;
    }

    Valueless valueless_;
    std::optional<double> worst_;
};

}  // namespace

Evidence evidence_of(
    const sweeps::Metric& metric, std::span<const RunRecord> runs, Valueless valueless
) {
    const double sign = metric.maximize ? -1 : 1;
    const Imputer imputer(runs, sign, valueless);
    Evidence evidence;
    for (const RunRecord& run : runs) {
        const Losses losses = losses_of(run, sign);
        std::optional<double> loss;
        if (run.state == RunState::finished) {
            loss = losses.best ? losses.best : imputer.imputed(metric.impute, losses);
        } else if (is_terminal(run.state)) {
            loss = imputer.imputed(metric.impute, losses);
        } else {
            const bool counts =
                run.state == RunState::running && metric.impute_while_running != "false";
            if (counts) loss = imputer.imputed(metric.impute_while_running, losses);
            if (!loss) evidence.pending.push_back(run.params);
        }
        if (loss) evidence.finished.push_back({run.params, *loss});
    }
    return evidence;
}

}  // namespace bw::search
