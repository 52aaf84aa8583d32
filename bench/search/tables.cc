#include "bench/search/tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "sweeps/space.h"

namespace bw::bench {
namespace {

using nlohmann::json;
using search::Assignment;
using sweeps::Value;

static_assert(std::endian::native == std::endian::little, "the tables are little-endian");

struct Axis {
    std::string name;
    std::vector<Value> values;
};

struct Table {
    std::vector<Axis> axes;
    std::size_t seeds = 1;
    std::string transform;
    std::vector<float> cells;  // the last axis fastest, then the seeds; NaN: no such run

    [[nodiscard]] double transformed(double v) const {
        if (transform == "1-v") return 1 - v;
        if (transform == "log10(v)") return std::log10(v);
        if (transform == "1-v/100") return 1 - v / 100;
        throw std::runtime_error("unknown transform \"" + transform + "\"");
    }

    [[nodiscard]] std::vector<double> runs_of(std::size_t row) const {
        std::vector<double> runs;
        for (std::size_t i = 0; i < seeds; ++i) {
            const float cell = cells[row * seeds + i];
            if (!std::isnan(cell)) runs.push_back(static_cast<double>(cell));
        }
        return runs;
    }

    [[nodiscard]] double truth_of(std::size_t row) const {
        const std::vector<double> runs = runs_of(row);
        double sum = 0;
        for (const double run : runs) sum += transformed(run);
        return runs.empty() ? std::numeric_limits<double>::infinity()
                            : sum / static_cast<double>(runs.size());
    }

    [[nodiscard]] std::size_t row_of(const Assignment& params) const {
        std::size_t row = 0;
        for (const Axis& axis : axes) {
            const std::string key = sweeps::grid_key(*sweeps::find_value(params, axis.name));
            std::size_t index = 0;
            while (sweeps::grid_key(axis.values[index]) != key) ++index;
            row = row * axis.values.size() + index;
        }
        return row;
    }
};

Value value_of(const json& value) {
    if (value.is_string()) return Value{value.get<std::string>()};
    if (value.is_number_integer()) return Value{value.get<std::int64_t>()};
    return Value{value.get<double>()};
}

std::vector<float> read_cells(const std::filesystem::path& path, std::size_t count) {
    std::vector<float> cells(count);
    std::ifstream in(path, std::ios::binary);
    const auto size = static_cast<std::streamsize>(count * sizeof(float));
    in.read(reinterpret_cast<char*>(cells.data()), size);
    if (in.gcount() != size) throw std::runtime_error(path.string() + ": too short");
    return cells;
}

Problem table_problem(
    const std::filesystem::path& folder, const std::string& file, std::string name
) {
    std::ifstream in(folder / (file + ".json"));
    const json about = json::parse(in);
    auto table = std::make_shared<Table>();
    for (const json& axis : about["axes"]) {
        Axis read{axis[0].get<std::string>(), {}};
        for (const json& value : axis[1]) read.values.push_back(value_of(value));
        table->axes.push_back(std::move(read));
    }
    table->seeds = about["seeds"].get<std::size_t>();
    table->transform = about["transform"].get<std::string>();
    const auto rows = about["rows"].get<std::size_t>();
    table->cells = read_cells(folder / (file + ".f32"), rows * table->seeds);

    Problem problem;
    problem.name = std::move(name);
    for (const Axis& axis : table->axes)
        problem.parameters.push_back(list_parameter(axis.name, axis.values));
    problem.optimum = std::numeric_limits<double>::infinity();
    for (std::size_t row = 0; row < rows; ++row)
        problem.optimum = std::min(problem.optimum, table->truth_of(row));
    problem.measure = [table](const Assignment& params, Rng& rng) {
        const std::size_t row = table->row_of(params);
        const std::vector<double> runs = table->runs_of(row);
        return Measured{table->transformed(runs[rng.below(runs.size())]), table->truth_of(row)};
    };
    return problem;
}

}  // namespace

std::vector<Problem> table_problems(const std::filesystem::path& folder) {
    constexpr std::array<std::pair<const char*, const char*>, 3> kTables = {
        {{"hpobench_vehicle", "hpobench:vehicle"},
         {"hpolib_protein_structure", "hpolib:protein_structure"},
         {"nb201_cifar100", "nb201:cifar100"}}};
    std::vector<Problem> problems;
    if (!std::filesystem::exists(folder)) return problems;
    for (const auto& [file, name] : kTables) problems.push_back(table_problem(folder, file, name));
    return problems;
}

}  // namespace bw::bench
