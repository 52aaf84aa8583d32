#include "bench/search/problems.h"

#include <array>
#include <cmath>
#include <numbers>

namespace bw::bench {
namespace {

using search::Assignment;
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

std::vector<Parameter> cube(std::size_t axes, double min, double max) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < axes; ++i)
        parameters.push_back(bounded("x" + std::to_string(i), Distribution::uniform, min, max));
    return parameters;
}

std::vector<double> numbers_of(const Assignment& params) {
    std::vector<double> x;
    for (const auto& [name, value] : params) x.push_back(number_at(params, name));
    return x;
}

double branin(const std::vector<double>& x) {
    using std::numbers::pi;
    const double bowl = x[1] - 5.1 / (4 * pi * pi) * x[0] * x[0] + 5 / pi * x[0] - 6;
    return bowl * bowl + 10 * (1 - 1 / (8 * pi)) * std::cos(x[0]) + 10;
}

double hartmann6(const std::vector<double>& x) {
    constexpr std::array<double, 4> kAlpha = {1.0, 1.2, 3.0, 3.2};
    constexpr double kA[4][6] = {
        {10, 3, 17, 3.5, 1.7, 8},
        {0.05, 10, 17, 0.1, 8, 14},
        {3, 3.5, 1.7, 10, 17, 8},
        {17, 8, 0.05, 10, 0.1, 14}};
    constexpr double kP[4][6] = {
        {0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
        {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
        {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
        {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        double squared = 0;
        for (std::size_t j = 0; j < 6; ++j)
            squared += kA[i][j] * (x[j] - kP[i][j]) * (x[j] - kP[i][j]);
        sum -= kAlpha[i] * std::exp(-squared);
    }
    return sum;
}

double levy(const std::vector<double>& x) {
    using std::numbers::pi;
    const auto w = [&](std::size_t i) { return 1 + (x[i] - 1) / 4; };
    const auto square = [](double v) { return v * v; };
    double sum = square(std::sin(pi * w(0)));
    for (std::size_t i = 0; i + 1 < x.size(); ++i)
        sum += square(w(i) - 1) * (1 + 10 * square(std::sin(pi * w(i) + 1)));
    const double last = w(x.size() - 1);
    return sum + square(last - 1) * (1 + square(std::sin(2 * pi * last)));
}

struct OptimizerRow {
    const char* name;
    double best_log_lr, offset;
};

constexpr std::array<OptimizerRow, 4> kOptimizers = {
    {{"sgd", -1, .10}, {"momentum", -1.7, .04}, {"adam", -3, 0}, {"adamw", -3, .02}}};

double mixed(const Assignment& params) {
    const std::string optimizer = text_at(params, "optimizer");
    const std::string schedule = text_at(params, "schedule");
    const double doublings = std::log2(number_at(params, "batch") / 64);
    const double layers = number_at(params, "layers") - 6;
    const double dropout = number_at(params, "dropout") - 0.15;
    double value = 0.005 * layers * layers + 1.5 * dropout * dropout + 0.01 * std::fabs(doublings);
    value += schedule == "cosine" ? 0 : schedule == "linear" ? 0.03 : 0.08;
    for (const OptimizerRow& row : kOptimizers) {
        if (optimizer != row.name) continue;
        const double off =
            std::log10(number_at(params, "lr")) - (row.best_log_lr + 0.15 * doublings);
        value += 0.25 * off * off + row.offset;
    }
    return value;
}

Value text_value(const char* text) { return Value{std::string(text)}; }

std::vector<Parameter> mixed_parameters() {
    std::vector<Value> batches;
    for (std::int64_t batch = 8; batch <= 512; batch *= 2) batches.push_back(Value{batch});
    std::vector<Value> optimizers;
    for (const OptimizerRow& row : kOptimizers) optimizers.push_back(text_value(row.name));
    return {
        bounded("lr", Distribution::log_uniform_values, 1e-5, 1),
        list_parameter("batch", batches),
        bounded("layers", Distribution::int_uniform, 2, 12),
        bounded("dropout", Distribution::uniform, 0, 0.6),
        list_parameter("optimizer", optimizers),
        list_parameter(
            "schedule", {text_value("constant"), text_value("linear"), text_value("cosine")}
        )};
}

Problem exact(
    std::string name,
    std::vector<Parameter> parameters,
    double optimum,
    double (*function)(const std::vector<double>&)
) {
    return {std::move(name), std::move(parameters), optimum, [function](const Assignment& p, Rng&) {
                const double value = function(numbers_of(p));
                return Measured{value, value};
            }};
}

}  // namespace

Parameter list_parameter(std::string name, std::vector<Value> values) {
    Parameter p;
    p.name = name;
    p.levels = {std::move(name)};
    p.distribution = Distribution::categorical;
    p.values = std::move(values);
    return p;
}

double number_at(const Assignment& params, std::string_view name) {
    const Value& value = *sweeps::find_value(params, name);
    if (const auto* integer = std::get_if<std::int64_t>(&value.data))
        return static_cast<double>(*integer);
    return std::get<double>(value.data);
}

std::string text_at(const Assignment& params, std::string_view name) {
    return std::get<std::string>(sweeps::find_value(params, name)->data);
}

std::vector<Problem> function_problems() {
    std::vector<Parameter> plane = {
        bounded("x0", Distribution::uniform, -5, 10), bounded("x1", Distribution::uniform, 0, 15)};
    std::vector<Problem> problems;
    problems.push_back(exact("branin", plane, 0.39788735772973816, branin));
    problems.push_back(exact("hartmann6", cube(6, 0, 1), -3.322368011391339, hartmann6));
    problems.push_back(exact("levy5", cube(5, -10, 10), 0, levy));
    problems.push_back({"mixed_noisy", mixed_parameters(), 0, [](const Assignment& p, Rng& rng) {
                            const double truth = mixed(p);
                            return Measured{truth + 0.05 * rng.normal(), truth};
                        }});
    return problems;
}

}  // namespace bw::bench
