#include "coordinator/results/plots.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <tuple>

#include <nlohmann/json.hpp>

#include "coordinator/results/gnuplot.h"
#include "coordinator/results/metrics.h"

namespace bw::results {
namespace {

struct Picture {
    const char* suffix;
    const char* title;
    const char* y_label;
    const char* train;
    const char* test;
    double scale;
    const char* key;  // where a good curve leaves room
};

// Titles, labels and file names are those that users of the Python scripts know.
constexpr std::array kPictures = {
    Picture{
        "_train_test_acc",
        "Train vs Test Accuracy",
        "accuracy",
        "train_accuracy",
        "test_accuracy",
        100,
        "bottom right"},
    Picture{
        "_train_test_loss",
        "Train vs Test Losses",
        "losses",
        "train_loss",
        "test_loss",
        1,
        "top right"},
};

std::string model_of(const core::JobRecord& job) {
    const auto params = nlohmann::json::parse(job.params_json, nullptr, false);
    const auto model = params.is_object() ? params.find("model") : params.end();
    std::string name = params.is_object() && model != params.end() && model->is_string()
                           ? model->get<std::string>()
                           : std::string("model");
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.')
            c = '_';
    }
    return name;
}

/// "epoch value" rows of a data block; epochs without the value are left out.
std::string data_block(
    const char* name, const core::JobRecord& job, const char* metric, double scale
) {
    std::string block = std::string(name) + " << END\n";
    for (const auto& epoch : job.epochs) {
        const auto value = epoch.values.find(metric);
        if (value == epoch.values.end()) continue;
        std::array<char, 64> row{};
        std::snprintf(row.data(), row.size(), "%d %.17g\n", epoch.epoch, value->second * scale);
        block += row.data();
    }
    return block + "END\n";
}

bool has_values(const core::JobRecord& job, const char* metric) {
    return std::ranges::any_of(job.epochs, [metric](const auto& epoch) {
        return epoch.values.contains(metric);
    });
}

std::string picture_script(
    const Picture& picture, const std::string& model, const core::JobRecord& job
) {
    std::string lines;
    std::string blocks;
    const auto add =
        [&](const char* block, const char* metric, const char* title, const char* colour) {
            if (!has_values(job, metric)) return;  // gnuplot refuses an empty block
            blocks += data_block(block, job, metric, picture.scale);
            lines += std::string(lines.empty() ? "plot " : ", ") + block +
                     " using 1:2 with linespoints linewidth 2 " +
                     "pointtype 7 pointsize 1 linecolor rgb '" + colour + "' title '" + title + "'";
        };
    add("$train", picture.train, "Train", "#1f77b4");
    add("$test", picture.test, "Test", "#ff7f0e");
    if (lines.empty()) return "";
    const std::string head = "set output '" + model + picture.suffix + ".png.new'\n" +
                             "set title '" + picture.title + "'\n" + "set ylabel '" +
                             picture.y_label + "'\n" + "set key opaque box " + picture.key + "\n";
    return blocks + head + lines + "\nunset output\n";
}

/// Jobs in the order in which they are preferred for a picture.
bool comes_first(const Objective& objective, const core::JobRecord& a, const core::JobRecord& b) {
    const bool a_finished = a.state == core::JobState::finished,
               b_finished = b.state == core::JobState::finished;
    if (a_finished != b_finished) return a_finished;
    const auto value_a = metric_of(a, objective.metric), value_b = metric_of(b, objective.metric);
    if (is_better(objective, value_a, value_b)) return true;
    if (is_better(objective, value_b, value_a)) return false;
    return a.ordinal < b.ordinal;
}

}  // namespace

std::map<std::string, JobId> best_jobs(
    const core::State& state, const core::SweepRecord& sweep, const Objective& objective
) {
    std::map<std::string, JobId> best;
    for (const JobId id : sweep.jobs) {
        const core::JobRecord& job = state.jobs.at(id);
        if (job.epochs.empty()) continue;
        const auto [place, first] = best.try_emplace(model_of(job), id);
        if (!first && comes_first(objective, job, state.jobs.at(place->second))) place->second = id;
    }
    return best;
}

std::string plot_script(const std::string& model, const core::JobRecord& job) {
    const int last = job.epochs.empty() ? 0 : job.epochs.back().epoch;
    std::string script =
        "set terminal pngcairo size 640,480 noenhanced\n"
        "set xlabel 'epoch'\n"
        "set autoscale xfix\n"
        "set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\n";
    if (last < 10) script += "set xtics 1\n";  // whole epochs only
    for (const Picture& picture : kPictures) script += picture_script(picture, model, job);
    return script;
}

Result<std::vector<std::string>> write_plots(
    const core::State& state, const core::SweepRecord& sweep, const std::filesystem::path& folder
) {
    const auto best = best_jobs(state, sweep, objective_of(sweep.sweep->metric));
    if (best.empty()) return std::vector<std::string>{};
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(
            Errc::io,
            "folder \"" + folder.string() + "\": cannot be created (" + error.message() + ")"
        );
    std::vector<std::string> warnings;
    for (const auto& [model, id] : best) {
        if (auto drawn = run_gnuplot(plot_script(model, state.jobs.at(id)), folder); !drawn) {
            warnings.push_back(drawn.error().message);
            if (drawn.error().code == Errc::not_found) break;  // the same for every model
            continue;
        }
        for (const Picture& picture : kPictures) {
            const auto file = folder / (model + picture.suffix + ".png");
            std::filesystem::rename(
                file.string() + ".new", file, error
            );  // not there: it had no values
        }
    }
    return warnings;
}

}  // namespace bw::results
