#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {

using sweeps::Distribution;
using sweeps::Parameter;
using sweeps::Value;

Parameter bounded(std::string name, Distribution distribution, double min, double max) {
    Parameter p;
    p.name = name;
    p.levels = {std::move(name)};
    p.distribution = distribution;
    p.min = min;
    p.max = max;
    return p;
}

Parameter listed(std::string name, std::vector<Value> values) {
    Parameter p = bounded(std::move(name), Distribution::categorical, 0, 0);
    p.values = std::move(values);
    return p;
}

Value number(double x) {
    Value value;
    value.data = x;
    return value;
}

Value integer(std::int64_t x) {
    Value value;
    value.data = x;
    return value;
}

Value text(std::string x) {
    Value value;
    value.data = std::move(x);
    return value;
}

double number_at(const Assignment& params, std::string_view name) {
    const Value* value = sweeps::find_value(params, name);
    if (const auto* whole = std::get_if<std::int64_t>(&value->data))
        return static_cast<double>(*whole);
    return std::get<double>(value->data);
}

std::string text_at(const Assignment& params, std::string_view name) {
    return std::get<std::string>(sweeps::find_value(params, name)->data);
}

sweeps::Metric metric_with(Goal goal, std::string impute) {
    sweeps::Metric metric;
    metric.name = "metric";
    metric.maximize = goal == Goal::maximize;
    metric.impute = std::move(impute);
    return metric;
}

std::vector<Parameter> mixed_parameters() {
    Parameter constant = listed("epochs", {integer(3)});
    constant.distribution = Distribution::constant;
    Parameter quantised = bounded("width", Distribution::q_uniform, 1, 9);
    quantised.q = 4;
    quantised.q_is_integer = true;
    Parameter normal = bounded("bias", Distribution::normal, 0, 0);
    normal.mu = 4;
    normal.sigma = 2;
    Parameter nested = bounded("optimizer/lr", Distribution::log_uniform_values, 1e-5, 1);
    nested.levels = {"optimizer", "lr"};
    return {
        bounded("dropout", Distribution::uniform, 0, 0.6),
        constant,
        bounded("layers", Distribution::int_uniform, 2, 12),
        quantised,
        normal,
        listed("batch", {integer(64), integer(8), integer(512), integer(8)}),
        listed("schedule", {text("constant"), text("linear"), text("cosine")}),
        nested};
}

}  // namespace bw::search
