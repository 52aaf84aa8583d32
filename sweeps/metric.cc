#include "sweeps/metric.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 5> kKeys = {
    "name", "goal", "target", "impute", "impute_while_running"};
constexpr std::array<std::string_view, 2> kGoals = {"minimize", "maximize"};
constexpr std::array<std::string_view, 4> kImputes = {"latest", "best", "worst", "false"};

std::string listed(std::span<const std::string_view> words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
    }
    return out;
}

class Reader {
public:
    Reader(const Entry& entry, MetricUse use, Problems& problems)
        : entry_(entry), use_(use), problems_(problems) {}

    std::optional<Metric> read() {
        if (entry_.value.map() == nullptr) {
            report(
                entry_.value.mark,
                entry_.key,
                "expected a map with name and goal, found " + found_text(entry_.value)
            );
            return std::nullopt;
        }
        for (const Entry& key : *entry_.value.map()) {
            if (std::find(kKeys.begin(), kKeys.end(), key.key) != kKeys.end()) continue;
            problems_.warning(
                key.mark,
                entry_.key + "." + key.key,
                "unknown key, ignored" + did_you_mean(key.key, kKeys)
            );
        }
        Metric metric;
        read_name(metric);
        std::string goal = "minimize";
        choice("goal", kGoals, goal);
        metric.maximize = goal == "maximize";
        read_target(metric);
        choice("impute", std::span(kImputes).first(3), metric.impute);
        read_impute_while_running(metric);
        return metric.name.empty() ? std::nullopt : std::optional<Metric>(std::move(metric));
    }

private:
    void report(Mark mark, std::string path, std::string message) {
        if (use_ == MetricUse::searched) {
            problems_.error(mark, std::move(path), std::move(message));
        } else {
            problems_.warning(mark, std::move(path), message + "; ignored");
        }
    }

    [[nodiscard]] std::string path_of(std::string_view key) const {
        return entry_.key + "." + std::string(key);
    }

    void read_name(Metric& metric) {
        const Entry* name = find_entry(entry_.value, "name");
        if (name == nullptr) {
            report(entry_.mark, entry_.key, "required key name is missing");
        } else if (name->value.text() == nullptr) {
            report(
                name->value.mark,
                path_of("name"),
                "expected a text, found " + found_text(name->value)
            );
        } else {
            metric.name = *name->value.text();
        }
    }

    void read_target(Metric& metric) {
        const Entry* target = find_entry(entry_.value, "target");
        if (target == nullptr) return;
        metric.target = as_number(target->value);
        if (metric.target) return;
        report(
            target->value.mark,
            path_of("target"),
            "expected a number, found " + found_text(target->value)
        );
    }

    void choice(std::string_view key, std::span<const std::string_view> choices, std::string& out) {
        const Entry* entry = find_entry(entry_.value, key);
        if (entry == nullptr) return;
        const auto* text = entry->value.text();
        if (text != nullptr && std::find(choices.begin(), choices.end(), *text) != choices.end()) {
            out = *text;
            return;
        }
        const std::string hint = text == nullptr ? "" : did_you_mean(*text, choices);
        std::string message =
            "expected " + listed(choices) + ", found " + found_text(entry->value) + hint;
        if (key == "goal") {
            problems_.error(entry->value.mark, path_of(key), std::move(message));
        } else {
            report(entry->value.mark, path_of(key), std::move(message));
        }
    }

    void read_impute_while_running(Metric& metric) {
        const Entry* entry = find_entry(entry_.value, "impute_while_running");
        // Unquoted, YAML makes a boolean of it; what is meant is plain.
        if (entry != nullptr && std::get_if<bool>(&entry->value.data) != nullptr &&
            !std::get<bool>(entry->value.data))
            return;
        choice("impute_while_running", kImputes, metric.impute_while_running);
    }

    const Entry& entry_;
    MetricUse use_;
    Problems& problems_;
};

}  // namespace

std::optional<Metric> read_metric(const Entry& entry, MetricUse use, Problems& problems) {
    return Reader(entry, use, problems).read();
}

}  // namespace bw::sweeps
