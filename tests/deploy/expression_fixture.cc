#include <algorithm>
#include <cctype>
#include <set>

#include "metrics/table.h"
#include "tests/deploy/expression.h"

namespace bw::tests {

namespace {

using Words = std::vector<std::string>;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Identifiers and single signs; texts in quotes and durations in brackets are left out.
Words words_of(std::string_view text) {
    Words words;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == '"' || c == '\'') {
            for (++i; i < text.size() && text[i] != c; ++i) i += text[i] == '\\' ? 1 : 0;
            ++i;
        } else if (c == '[') {
            i = std::min(text.find(']', i), text.size() - 1) + 1;
        } else if (is_word(c)) {
            const std::size_t begin = i;
            while (i < text.size() && is_word(text[i])) ++i;
            words.emplace_back(text.substr(begin, i - begin));
        } else {
            if (c != ' ') words.emplace_back(1, c);
            ++i;
        }
    }
    return words;
}

bool is_name(const std::string& word) {
    return std::isalpha(static_cast<unsigned char>(word[0])) != 0 || word[0] == '_';
}

bool is_grouping(const std::string& word) {
    static const std::set<std::string> kWords{
        "by", "without", "on", "ignoring", "group_left", "group_right"};
    return kWords.contains(word);
}

// Reads "( a , b )" or "{ a = , b != }" from its opening sign on; returns where it ends.
std::size_t read_list(const Words& words, std::size_t at, std::vector<std::string>& names) {
    const std::string close = words[at] == "(" ? ")" : "}";
    for (++at; at < words.size() && words[at] != close; ++at) {
        if (is_name(words[at])) names.push_back(words[at]);
    }
    return at;
}

const metrics::Metric* find_metric(std::string_view name) {
    if (!name.starts_with(metrics::kPrefix)) return nullptr;
    name.remove_prefix(metrics::kPrefix.size());
    for (const metrics::Metric& metric : metrics::kTable) {
        const bool has_parts = metric.type == metrics::Type::histogram;
        if (!has_parts && metric.name == name) return &metric;
        if (!has_parts || !name.starts_with(metric.name)) continue;
        const std::string_view part = name.substr(metric.name.size());
        if (part == "_bucket" || part == "_sum" || part == "_count") return &metric;
    }
    return nullptr;
}

// Prometheus' own label `job` counts only where it is meant: with `up`.
std::set<std::string> labels_of(const std::string& name) {
    if (name == "up") return {"instance", "job"};
    std::set<std::string> labels{"instance"};
    const metrics::Metric* metric = find_metric(name);
    if (!metric) return labels;
    for (const metrics::Label label : metric->labels.all()) {
        labels.emplace(metrics::name_of(label));
    }
    if (metric->origin == metrics::Origin::agent) labels.insert("agent");
    if (name.ends_with("_bucket")) labels.insert("le");
    return labels;
}

bool fits(const std::string& label, const Expression& expression) {
    const auto has_label = [&](const Selector& selector) {
        return labels_of(selector.metric).contains(label);
    };
    const auto& all = expression.selectors;
    return expression.joins ? std::any_of(all.begin(), all.end(), has_label)
                            : std::all_of(all.begin(), all.end(), has_label);
}

}  // namespace

Expression read_expression(std::string_view text) {
    Expression expression;
    const Words words = words_of(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool opens = i + 1 < words.size() && words[i + 1] == "(";
        if (is_grouping(words[i])) {
            expression.joins = expression.joins || (words[i] != "by" && words[i] != "without");
            if (opens) i = read_list(words, i + 1, expression.grouping);
        } else if (words[i] == "up" || words[i].starts_with(metrics::kPrefix)) {
            Selector& selector = expression.selectors.emplace_back(Selector{words[i], {}});
            const bool matches = i + 1 < words.size() && words[i + 1] == "{";
            if (matches) i = read_list(words, i + 1, selector.labels);
        }
    }
    return expression;
}

std::vector<std::string> problems_of(const Expression& expression) {
    std::vector<std::string> problems;
    if (expression.selectors.empty()) problems.emplace_back("it names no metric");
    for (const Selector& selector : expression.selectors) {
        if (selector.metric != "up" && !find_metric(selector.metric)) {
            problems.push_back(selector.metric + " is not exported");
            continue;
        }
        for (const std::string& label : selector.labels) {
            if (labels_of(selector.metric).contains(label)) continue;
            problems.push_back(selector.metric + " has no label " + label);
        }
    }
    for (const std::string& label : expression.grouping) {
        if (!fits(label, expression)) problems.push_back("nothing to group by label " + label);
    }
    return problems;
}

std::vector<std::string> problems_of_legend(std::string_view legend, const Expression& expression) {
    std::vector<std::string> problems;
    for (std::size_t at = legend.find("{{"); at != std::string_view::npos;) {
        const std::size_t end = legend.find("}}", at);
        const std::string label(legend.substr(at + 2, end - at - 2));
        const auto& all = expression.selectors;
        const bool is_known = std::any_of(all.begin(), all.end(), [&](const Selector& selector) {
            return labels_of(selector.metric).contains(label);
        });
        // What an aggregation drops is not there for the legend either.
        const auto& kept = expression.grouping;
        const bool is_kept = kept.empty() || expression.joins ||
                             std::find(kept.begin(), kept.end(), label) != kept.end();
        if (!is_known || !is_kept)
            problems.push_back("the legend's label " + label + " is not there");
        at = legend.find("{{", end);
    }
    return problems;
}

}  // namespace bw::tests
