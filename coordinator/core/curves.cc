#include "coordinator/core/curves.h"

#include <cmath>
#include <cstdio>

namespace bw::core {

std::string short_text(double number) {
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", number);
    return text;
}

std::optional<double> Curves::loss_in(const std::map<std::string, double>& values) const {
    const sweeps::Metric& metric = *sweep_.sweep->metric;
    const auto found = values.find(metric.name);
    if (found == values.end() || !std::isfinite(found->second)) return std::nullopt;
    return metric.maximize ? -found->second : found->second;
}

// A report of an epoch that was measured before replaces it, as apply() does.
Losses Curves::of(JobId id) const {
    Losses losses;
    const auto job = draft_.base().jobs.find(id);
    const EpochMeasured* news = news_ != nullptr && news_->job == id ? news_ : nullptr;
    const auto take = [&](const std::map<std::string, double>& values) {
        if (const auto loss = loss_in(values)) losses.push_back(*loss);
    };
    if (job == draft_.base().jobs.end()) return losses;
    for (const EpochRecord& epoch : job->second.epochs) {
        if (news != nullptr && news->epoch <= epoch.epoch) {
            take(news->values);
            const bool replaces = news->epoch == epoch.epoch;
            news = nullptr;
            if (replaces) continue;
        }
        take(epoch.values);
    }
    if (news != nullptr) take(news->values);
    return losses;
}

const std::vector<JobId>& Curves::jobs() const {
    static const std::vector<JobId> kNone;
    const auto sweep = draft_.base().sweeps.find(sweep_.id);
    return sweep == draft_.base().sweeps.end() ? kNone : sweep->second.jobs;
}

std::string Curves::text(double loss) const {
    const sweeps::Metric& metric = *sweep_.sweep->metric;
    return metric.name + " " + short_text(metric.maximize ? -loss : loss);
}

}  // namespace bw::core
