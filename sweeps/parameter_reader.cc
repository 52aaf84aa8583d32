#include "sweeps/parameter_reader.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "sweeps/distributions.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 12> kParameterKeys = {
    "value",
    "values",
    "probabilities",
    "min",
    "max",
    "q",
    "mu",
    "sigma",
    "a",
    "b",
    "distribution",
    "parameters"};

std::string joined(std::span<const std::string_view> words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + std::string(words[i]);
    }
    return out;
}

class Reader {
public:
    Reader(const Entry& entry, const std::string& path, Problems& problems)
        : entry_(entry), path_(path), problems_(problems) {}

    std::optional<Parameter> read() {
        if (!is_map()) return std::nullopt;
        const DistributionInfo* info =
            find_entry(entry_.value, "distribution") ? named() : inferred();
        if (info == nullptr) {
            refuse_unknown_keys(kParameterKeys);
            return std::nullopt;
        }
        Parameter parameter;
        parameter.distribution = info->distribution;
        refuse_foreign_keys(*info);
        fill(*info, parameter);
        if (failed_) return std::nullopt;
        return parameter;
    }

private:
    void error(Mark mark, const std::string& key, std::string message) {
        failed_ = true;
        problems_.error(mark, key.empty() ? path_ : path_ + "." + key, std::move(message));
    }

    [[nodiscard]] bool has(std::string_view key) const {
        return find_entry(entry_.value, key) != nullptr;
    }

    bool is_map() {
        if (entry_.value.map() != nullptr) return true;
        std::string hint;
        if (entry_.value.list() != nullptr) hint = "; write {values: [...]}";
        if (!entry_.value.spelling.empty() || entry_.value.text() != nullptr) {
            hint = "; write {value: ...} for a constant";
        }
        if (std::holds_alternative<std::nullptr_t>(entry_.value.data)) {
            hint = "; is what follows indented too little?";
        }
        error(
            entry_.value.mark,
            "",
            "expected a map with value, values, min and max, or distribution, found " +
                found_text(entry_.value) + hint
        );
        return false;
    }

    const DistributionInfo* named() {
        const Element& element = find_entry(entry_.value, "distribution")->value;
        const auto* text = element.text();
        const DistributionInfo* info = text == nullptr ? nullptr : find_distribution(*text);
        if (info != nullptr) return info;
        std::string message = "expected the name of a distribution, found " + found_text(element);
        if (text != nullptr) message = "unknown distribution " + quoted(*text) + suggestion(*text);
        error(element.mark, "distribution", std::move(message));
        return nullptr;
    }

    static std::string suggestion(const std::string& wrong) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOthers = {{
            {"loguniform", "log_uniform_values"},
            {"log-uniform", "log_uniform_values"},
            {"lognormal", "log_normal"},
            {"choice", "categorical"},
            {"gaussian", "normal"},
            {"int", "int_uniform"},
            {"randint", "int_uniform"},
            {"quniform", "q_uniform"},
        }};
        for (const auto& [theirs, ours] : kOthers) {
            if (wrong == theirs) return "; did you mean " + quoted(ours) + "?";
        }
        const std::string near = did_you_mean(wrong, distribution_names());
        return near.empty() ? "; known: " + joined(distribution_names()) : near;
    }

    // Without a `distribution`, the keys decide (SYNTAX, section 2).
    const DistributionInfo* inferred() {
        if (has("value") && has("values")) {
            error(
                entry_.mark,
                "",
                "has both value and values; value is one constant, values a list to choose from"
            );
            return nullptr;
        }
        if (has("values")) {
            return &info_of(
                has("probabilities") ? Distribution::categorical_w_probabilities
                                     : Distribution::categorical
            );
        }
        if (has("value")) return &info_of(Distribution::constant);
        if (has("min") && has("max")) {
            if (has("q")) {
                error(entry_.mark, "", "q needs a distribution, such as q_uniform");
                return nullptr;
            }
            return &info_of(both_integers() ? Distribution::int_uniform : Distribution::uniform);
        }
        if (has("min") != has("max")) {
            const std::string given = has("min") ? "min" : "max";
            error(entry_.mark, "", given + " without " + (has("min") ? "max" : "min"));
            return nullptr;
        }
        const bool named_only = has("mu") || has("sigma") || has("a") || has("b");
        error(
            entry_.mark,
            "",
            named_only ? "distribution is missing, such as normal or beta"
                       : "nothing to search: expected value, values, min and max, or distribution"
        );
        return nullptr;
    }

    [[nodiscard]] bool both_integers() const {
        const auto is_integer = [this](std::string_view key) {
            return std::holds_alternative<std::int64_t>(find_entry(entry_.value, key)->value.data);
        };
        return is_integer("min") && is_integer("max");
    }

    void refuse_unknown_keys(std::span<const std::string_view> known) {
        for (const Entry& key : *entry_.value.map()) {
            if (std::find(known.begin(), known.end(), key.key) != known.end()) continue;
            error(key.mark, key.key, "unknown key of a parameter" + did_you_mean(key.key, known));
        }
    }

    void refuse_foreign_keys(const DistributionInfo& info) {
        refuse_unknown_keys(kParameterKeys);
        const auto own = keys_of(info.shape);
        for (const Entry& key : *entry_.value.map()) {
            const auto among = [&key](std::span<const std::string_view> keys) {
                return std::find(keys.begin(), keys.end(), key.key) != keys.end();
            };
            if (key.key == "distribution" || among(own) || !among(kParameterKeys)) continue;
            error(key.mark, key.key, foreign_key(info, key.key));
        }
    }

    static std::string foreign_key(const DistributionInfo& info, const std::string& key) {
        std::string message =
            std::string(info.name) + " takes " + joined(keys_of(info.shape)) + " only";
        const std::string quantised = "q_" + std::string(info.name);
        if (key == "q" && find_distribution(quantised) != nullptr)
            message += "; did you mean " + quoted(quantised) + "?";
        return message;
    }

    const Element* required(const DistributionInfo& info, std::string_view key) {
        if (const Entry* entry = find_entry(entry_.value, key)) return &entry->value;
        error(
            entry_.mark,
            "",
            std::string(info.name) + " needs " + joined(keys_of(info.shape)) + ", " +
                std::string(key) + " is missing"
        );
        return nullptr;
    }

    void fill(const DistributionInfo& info, Parameter& parameter) {
        switch (info.shape) {
            case Shape::constant:
                if (const Element* value = required(info, "value"))
                    parameter.values = {to_value(*value)};
                break;
            case Shape::categorical:
                fill_values(info, parameter);
                break;
            case Shape::weighted:
                fill_values(info, parameter);
                fill_probabilities(info, parameter);
                break;
            case Shape::bounded:
            case Shape::bounded_q:
                fill_bounds(info, parameter);
                break;
            case Shape::normal:
            case Shape::normal_q:
                fill_number("mu", parameter.mu);
                if (fill_number("sigma", parameter.sigma))
                    refuse_negative("sigma", parameter.sigma);
                break;
            case Shape::beta:
            case Shape::beta_q:
                if (fill_number("a", parameter.a)) refuse_negative("a", parameter.a);
                if (fill_number("b", parameter.b)) refuse_negative("b", parameter.b);
                break;
        }
        if (is_quantised(info.shape)) fill_quantum(parameter);
    }

    void fill_values(const DistributionInfo& info, Parameter& parameter) {
        const Element* values = required(info, "values");
        if (values == nullptr) return;
        if (values->list() == nullptr || values->list()->empty()) {
            const std::string found =
                values->list() == nullptr ? found_text(*values) : "an empty one";
            error(values->mark, "values", "expected a list of at least one value, found " + found);
            return;
        }
        parameter.values.reserve(values->list()->size());
        for (const Element& item : *values->list()) parameter.values.push_back(to_value(item));
    }

    void fill_probabilities(const DistributionInfo& info, Parameter& parameter) {
        const Element* element = required(info, "probabilities");
        if (element == nullptr) return;
        if (element->list() == nullptr) {
            error(
                element->mark,
                "probabilities",
                "expected a list of numbers, found " + found_text(*element)
            );
            return;
        }
        double sum = 0;
        for (const Element& item : *element->list()) {
            const auto number = as_number(item);
            if (!number || !(*number >= 0)) {
                error(
                    item.mark,
                    "probabilities",
                    "expected a number of at least 0, found " + found_text(item)
                );
                return;
            }
            sum += *number;
            parameter.probabilities.push_back(*number);
        }
        if (parameter.probabilities.size() != parameter.values.size() &&
            !parameter.values.empty()) {
            error(
                element->mark,
                "probabilities",
                "there are " + std::to_string(parameter.probabilities.size()) +
                    " probabilities for " + std::to_string(parameter.values.size()) + " values"
            );
        } else if (!(std::fabs(sum - 1.0) <= 1e-8 + 1e-5)) {
            error(
                element->mark,
                "probabilities",
                "the probabilities sum to " + to_json(Value{sum}) + ", not to 1"
            );
        }
    }

    void fill_bounds(const DistributionInfo& info, Parameter& parameter) {
        const Element* min = required(info, "min");
        const Element* max = required(info, "max");
        if (min == nullptr || max == nullptr) return;
        const bool numbers = fill_bound(info, "min", *min, parameter.min) &
                             fill_bound(info, "max", *max, parameter.max);
        if (!numbers) return;
        parameter.bounds_are_integers = both_integers();
        if (!(parameter.min < parameter.max)) {
            error(
                min->mark, "min", "min " + min->spelling + " is not less than max " + max->spelling
            );
        } else if (info.min_positive && !(parameter.min > 0)) {
            error(
                min->mark,
                "min",
                "expected a number above 0, found " + min->spelling + "; its logarithm is taken"
            );
        }
        if (!info.replaced_by.empty()) warn_exponents(info, *min);
    }

    bool fill_bound(
        const DistributionInfo& info, const std::string& key, const Element& element, double& out
    ) {
        const bool integer = std::holds_alternative<std::int64_t>(element.data);
        const auto number = as_number(element);
        if (number && std::isfinite(*number) && (integer || !info.bounds_integer)) {
            out = *number;
            return true;
        }
        std::string hint;
        if (element.quoted && element.text() != nullptr) hint = "; take the quotes off";
        const std::string expected =
            info.bounds_integer ? "expected an integer, found " : "expected a number, found ";
        error(element.mark, key, expected + found_text(element) + hint);
        return false;
    }

    void warn_exponents(const DistributionInfo& info, const Element& min) {
        problems_.warning(
            min.mark,
            path_,
            std::string(info.name) + " takes exponents of e as min and max; use " +
                std::string(info.replaced_by) + " to give the limits themselves"
        );
    }

    bool fill_number(const std::string& key, double& out) {
        const Entry* entry = find_entry(entry_.value, key);
        if (entry == nullptr) return false;
        const auto number = as_number(entry->value);
        if (!number || !std::isfinite(*number)) {
            error(entry->value.mark, key, "expected a number, found " + found_text(entry->value));
            return false;
        }
        out = *number;
        return true;
    }

    void refuse_negative(const std::string& key, double number) {
        if (number >= 0) return;
        const Element& element = find_entry(entry_.value, key)->value;
        error(element.mark, key, "expected a number of at least 0, found " + element.spelling);
    }

    void fill_quantum(Parameter& parameter) {
        if (!fill_number("q", parameter.q)) return;
        const Element& element = find_entry(entry_.value, "q")->value;
        parameter.q_is_integer = std::holds_alternative<std::int64_t>(element.data);
        if (!(parameter.q > 0))
            error(element.mark, "q", "expected a number above 0, found " + element.spelling);
    }

    const Entry& entry_;
    const std::string& path_;
    Problems& problems_;
    bool failed_ = false;
};

}  // namespace

std::optional<Parameter> read_parameter(
    const Entry& entry, const std::string& path, Problems& problems
) {
    return Reader(entry, path, problems).read();
}

}  // namespace bw::sweeps
