// What a PromQL expression, or a name in a legend, asks our exposition for. Not a parser of PromQL
// (promtool is that one): it finds the names and which labels go with them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bw::tests {

struct Selector {
    std::string metric;
    std::vector<std::string> labels;  // that its {...} matches on
};

struct Expression {
    std::vector<Selector> selectors;
    std::vector<std::string>
        grouping;        // labels of by, without, on, ignoring, group_left, group_right
    bool joins = false;  // has on, ignoring or group_*
};

Expression read_expression(std::string_view text);

/// What the expression asks for and nobody exports, one sentence each; empty when all is well.
std::vector<std::string> problems_of(const Expression& expression);

/// The labels that a legend names and no metric of the expression has.
std::vector<std::string> problems_of_legend(std::string_view legend, const Expression& expression);

}  // namespace bw::tests
