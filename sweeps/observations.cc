#include "sweeps/observations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sweeps/python_text.h"
#include "sweeps/quantile.h"

namespace bw::sweeps {
namespace {

bool is_falsy(const Value& value) {
    static const std::vector<Value> kFalsy = {
        Value{nullptr},
        Value{false},
        Value{std::int64_t{0}},
        Value{0.0},
        Value{std::string()},
        Value{List{}},
        Value{Map{}}};
    return std::find(kFalsy.begin(), kFalsy.end(), value) != kFalsy.end();
}

std::optional<double> number_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*number);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? 1.0 : 0.0;
    return std::nullopt;
}

bool python_equal(const Value& a, const Value& b) {
    const auto x = number_of(a);
    const auto y = number_of(b);
    return x && y ? *x == *y : a == b;
}

class Encoder {
public:
    Encoder(const WandbMetric& metric, const std::vector<RunRecord>& runs, FalsyValues falsy)
        : metric_(metric), runs_(runs), falsy_(falsy), worst_(worst_of_all()) {}

    Observations encode(const std::vector<Parameter>& parameters) {
        for (const Parameter& parameter : parameters) {
            if (parameter.distribution == Distribution::constant) continue;
            out_.names.push_back(parameter.name);
            searchable_.push_back(&parameter);
        }
        for (const RunRecord& run : runs_) add(run);
        if (out_.observed.empty()) out_.warning = "\nSweep has no valid samples of the metric.";
        if (metric_.maximize) {
            for (double& y : out_.minimised) y = -y;
        }
        return std::move(out_);
    }

private:
    void add(const RunRecord& run) {
        std::vector<double> row;
        for (const Parameter* parameter : searchable_) row.push_back(encoded(*parameter, run));
        switch (run.state) {
            case RunState::finished:
                observe(std::move(row), own_value(run, metric_.impute));
                return;
            case RunState::failed:
            case RunState::crashed:
            case RunState::killed:
                observe(std::move(row), imputed(run, metric_.impute));
                return;
            case RunState::running:
                if (metric_.impute_while_running == "false") {
                    out_.pending.push_back(std::move(row));
                } else {
                    observe(std::move(row), own_value(run, metric_.impute_while_running));
                }
                return;
            case RunState::pending:
            case RunState::preempting:
            case RunState::preempted:
                out_.pending.push_back(std::move(row));
                return;
        }
    }

    void observe(std::vector<double> row, double y) {
        out_.observed.push_back(std::move(row));
        out_.minimised.push_back(y);
    }

    double encoded(const Parameter& parameter, const RunRecord& run) {
        const Value* value = find_run_value(run, parameter.levels);
        if (value == nullptr || (falsy_ == FalsyValues::skipped && is_falsy(*value)))
            return cdf_at(parameter, 0);
        if (parameter.distribution == Distribution::categorical ||
            parameter.distribution == Distribution::categorical_w_probabilities) {
            return cdf_at(parameter, index_of(parameter, *value));
        }
        const auto number = number_of(*value);
        if (number) return cdf_at(parameter, *number);
        refuse(parameter, *value);
        return 0;
    }

    double index_of(const Parameter& parameter, const Value& value) {
        for (std::size_t i = 0; i < parameter.values.size(); ++i) {
            if (python_equal(parameter.values[i], value)) return static_cast<double>(i);
        }
        refuse(parameter, value);
        return 0;
    }

    void refuse(const Parameter& parameter, const Value& value) {
        if (out_.error) return;
        out_.error = WandbError{
            "ValueError",
            python_str(value) + " is not a permitted value of the categorical hyperparameter " +
                parameter.name + " in the current sweep."};
    }

    [[nodiscard]] double best_of(const std::vector<double>& values) const {
        return metric_.maximize ? *std::max_element(values.begin(), values.end())
                                : *std::min_element(values.begin(), values.end());
    }

    // Over the runs that ended, the worst of what each of them ever logged.
    [[nodiscard]] double worst_of_all() const {
        std::optional<double> worst;
        for (const RunRecord& run : runs_) {
            if (!is_terminal(run.state)) continue;
            for (const double value : run.metric_values(metric_.name)) {
                if (!worst || (metric_.maximize ? value < *worst : value > *worst)) worst = value;
            }
        }
        return worst.value_or(0.0);
    }

    [[nodiscard]] double own_value(const RunRecord& run, const std::string& strategy) const {
        const auto values = run.metric_values(metric_.name);
        return values.empty() ? imputed(run, strategy) : best_of(values);
    }

    [[nodiscard]] double imputed(const RunRecord& run, const std::string& strategy) const {
        if (strategy == "worst") return worst_;
        if (strategy == "latest") {
            const auto history = run.metric_history(metric_.name);
            return history.empty() ? 0.0 : history.back();
        }
        const auto values = run.metric_values(metric_.name);
        return values.empty() ? 0.0 : best_of(values);
    }

    const WandbMetric& metric_;
    const std::vector<RunRecord>& runs_;
    FalsyValues falsy_;
    double worst_ = 0;
    std::vector<const Parameter*> searchable_;
    Observations out_;
};

}  // namespace

Observations observations(
    const std::vector<Parameter>& parameters,
    const WandbMetric& metric,
    const std::vector<RunRecord>& runs,
    FalsyValues falsy
) {
    return Encoder(metric, runs, falsy).encode(parameters);
}

}  // namespace bw::sweeps
