#include "sweeps/sweep_reader.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "sweeps/canonical.h"
#include "sweeps/distributions.h"
#include "sweeps/metric.h"
#include "sweeps/options.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 19> kTopKeys = {
    "method",     "parameters", "metric",  "metrics",    "early_terminate", "run_cap", "command",
    "program",    "name",       "project", "entity",     "description",     "job",     "image_uri",
    "controller", "scheduler",  "kind",    "apiVersion", "batchwright",
};
constexpr std::array<std::string_view, 4> kMethods = {"grid", "random", "bayes", "custom"};

class Reader {
public:
    Reader(const Element& root, Problems& problems) : root_(root), problems_(problems) {}

    ReadSweep read() {
        if (root_.map() == nullptr) {
            problems_.error(
                root_.mark,
                "",
                "expected a map with method and parameters, found " + found_text(root_)
            );
            return std::move(out_);
        }
        for (const Entry& entry : *root_.map()) {
            if (std::find(kTopKeys.begin(), kTopKeys.end(), entry.key) != kTopKeys.end()) continue;
            problems_.warning(
                entry.mark, entry.key, "unknown key, ignored" + did_you_mean(entry.key, kTopKeys)
            );
        }
        read_method();
        read_name();
        read_run_cap();
        out_.sweep.external = find_entry(root_, "program") || find_entry(root_, "command") ||
                              find_entry(root_, "job") || find_entry(root_, "image_uri");
        read_metric_section();
        out_.options_entry = find_entry(root_, kReservedKey);
        if (out_.options_entry != nullptr)
            out_.sweep.options = read_options(*out_.options_entry, problems_);
        read_space();
        check_bayes();
        out_.sweep.document = to_value(root_);
        out_.sweep.fingerprint = fingerprint_of(out_.sweep.document);
        return std::move(out_);
    }

private:
    void read_method() {
        out_.method_entry = find_entry(root_, "method");
        if (out_.method_entry == nullptr) {
            problems_.error(root_.mark, "", "required key method is missing (grid or random)");
            return;
        }
        const Element& element = out_.method_entry->value;
        const auto* text = element.text();
        const auto* found =
            text == nullptr ? kMethods.end() : std::find(kMethods.begin(), kMethods.end(), *text);
        if (found == kMethods.end()) {
            const std::string hint = text == nullptr ? "" : did_you_mean(*text, kMethods);
            problems_.error(
                element.mark,
                "method",
                "expected grid, random, bayes or custom, found " + found_text(element) + hint
            );
            out_.method_entry = nullptr;
            return;
        }
        out_.sweep.method = static_cast<Method>(found - kMethods.begin());
    }

    void read_metric_section() {
        const Entry* metric = find_entry(root_, "metric");
        if (metric == nullptr) return;
        const bool searched =
            out_.sweep.method == Method::bayes || out_.sweep.method == Method::custom;
        out_.sweep.metric =
            read_metric(*metric, searched ? MetricUse::searched : MetricUse::shown, problems_);
    }

    void read_name() {
        const Entry* name = find_entry(root_, "name");
        if (name == nullptr) return;
        if (const auto* text = name->value.text()) {
            out_.sweep.name = *text;
        } else if (!name->value.spelling.empty()) {
            out_.sweep.name = name->value.spelling;
        } else {
            problems_.warning(
                name->value.mark, "name", "expected a text, found " + found_text(name->value)
            );
        }
    }

    void read_run_cap() {
        const Entry* cap = find_entry(root_, "run_cap");
        if (cap == nullptr) return;
        const auto number = as_number(cap->value);
        if (number && *number >= 1 && *number < 9e18 && std::trunc(*number) == *number) {
            out_.sweep.run_cap = static_cast<std::int64_t>(*number);
            return;
        }
        problems_.error(
            cap->value.mark,
            "run_cap",
            "expected an integer of at least 1, found " + found_text(cap->value)
        );
    }

    void read_space() {
        out_.parameters_entry = find_entry(root_, "parameters");
        if (out_.parameters_entry == nullptr) {
            problems_.error(root_.mark, "", "required key parameters is missing");
            return;
        }
        out_.parameters = read_parameters(*out_.parameters_entry, problems_);
        const bool grid = out_.method_entry != nullptr && out_.sweep.method == Method::grid;
        if (out_.sweep.options.order == Order::file) {
            std::stable_sort(
                out_.parameters.begin(),
                out_.parameters.end(),
                [](const ReadParameter& a, const ReadParameter& b) {
                    return std::pair(a.entry->mark.line, a.entry->mark.column) <
                           std::pair(b.entry->mark.line, b.entry->mark.column);
                }
            );
        }
        for (const ReadParameter& read : out_.parameters) {
            if (grid) check_enumerable(read);
            out_.sweep.parameters.push_back(read.parameter);
            if (grid) {
                Parameter& parameter = out_.sweep.parameters.back();
                if (parameter.distribution == Distribution::categorical) {
                    parameter.values = distinct_values(parameter.values);
                }
            }
        }
    }

    void check_bayes() {
        if (out_.method_entry == nullptr || out_.sweep.method != Method::bayes) return;
        const Mark mark = out_.method_entry->value.mark;
        if (find_entry(root_, "metric") == nullptr) {
            problems_.error(mark, "method", "bayes needs a metric: {name: ..., goal: ...}");
        }
        const auto is_constant = [](const ReadParameter& read) {
            return read.parameter.distribution == Distribution::constant;
        };
        if (std::all_of(out_.parameters.begin(), out_.parameters.end(), is_constant) &&
            !problems_.has_error()) {
            problems_.error(
                mark, "method", "bayes needs at least one parameter that is no constant"
            );
        }
    }

    void check_enumerable(const ReadParameter& read) {
        const Distribution distribution = read.parameter.distribution;
        if (is_enumerable(distribution)) return;
        const Entry* named = find_entry(read.entry->value, "distribution");
        problems_.error(
            named == nullptr ? read.entry->mark : named->value.mark,
            read.path,
            "grid search cannot enumerate " + std::string(info_of(distribution).name) +
                "; list the values, or use method: random"
        );
    }

    const Element& root_;
    Problems& problems_;
    ReadSweep out_;
};

}  // namespace

ReadSweep read_sweep(const Element& root, Problems& problems) {
    return Reader(root, problems).read();
}

}  // namespace bw::sweeps
