#include "cli/train.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <tuple>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/run_session.h"
#include "cli/sweep_file.h"
#include "coordinator/results/atomic_file.h"
#include "models/catalog/catalog.h"
#include "sweeps/seed_config.h"
#include "worker/launch/launch.h"

namespace bw::cli {

namespace {

namespace fs = std::filesystem;

Result<std::string> config_text(const TrainOptions& options) {
    if (!options.config.empty()) return read_file(options.config);
    if (fs::exists("config.yaml")) return read_file("config.yaml");
    return std::string();
}

/// The sweep that the script's flags stand for, kept in the state directory: `run` takes it, too.
Result<std::string> write_sweep(const TrainOptions& options) {
    auto config = config_text(options);
    if (!config) return config.error();
    auto text = sweeps::seed_sweep(
        {.model = options.model,
         .config = *config,
         .config_name = options.config.empty() ? "config.yaml" : options.config,
         .optimizer = options.sam ? sweeps::SeedOptimizer::sam : sweeps::SeedOptimizer::of_script,
         .save_best = options.model_save,
         .weights = options.weights.empty() ? "" : fs::absolute(options.weights).string()}
    );
    if (!text) return text.error();
    const fs::path folder = fs::path(options.run.state_dir) / "train";
    std::error_code error;
    fs::create_directories(folder, error);
    const fs::path file = folder / (options.model + (options.sam ? "_with_SAM" : "") + ".json");
    auto output = results::AtomicFile::create(file);
    if (!output) return output.error();
    output->write(*text);
    if (auto written = output->commit(); !written) return written.error();
    return file.string();
}

/// Of all attempts of the one job the last that has such a file, and of its files the last.
std::optional<fs::path> newest(const fs::path& results, bool (*fits)(const fs::path&)) {
    const auto order = [](const fs::path& file) {
        const std::string name = file.filename();
        const int attempt = std::atoi(file.parent_path().filename().c_str());
        return std::tuple(attempt, name.size(), name);  // step-20 after step-3
    };
    std::optional<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(results / "jobs" / "0", ignored)) {
        if (fits(entry.path()) && (!found || order(*found) < order(entry.path())))
            found = entry.path();
    }
    return found;
}

bool is_best(const fs::path& file) { return file.filename() == "best.safetensors"; }

bool is_checkpoint(const fs::path& file) {
    return file.filename().string().starts_with("step-") && file.extension() == ".safetensors";
}

void put(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_directories(to.parent_path(), error);
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    if (error) {
        std::fprintf(stderr, "%s: %s\n", to.c_str(), error.message().c_str());
    } else {
        std::fprintf(stderr, "wrote %s\n", to.c_str());
    }
}

/// Where the script's users look for them.
void hand_out(const TrainOptions& options, const fs::path& results) {
    const std::string prefix = options.sam ? "with_SAM_" : "";
    std::error_code ignored;
    for (const auto& picture : fs::directory_iterator(results / "plot", ignored))
        put(picture.path(), fs::path("plot") / (prefix + picture.path().filename().string()));
    const std::string name = prefix + options.model;
    if (const auto best = newest(results, is_best); best && options.model_save)
        put(*best, fs::path("model_store") / (name + "best-model-parameters.safetensors"));
    if (const auto last = newest(results, is_checkpoint); last && options.checkpoint)
        put(*last, fs::path("checkpoints") / (name + "-" + last->filename().string()));
}

int refuse_model(const std::string& model) {
    std::vector<std::string_view> known;
    for (const auto& info : models::catalog()) {
        known.push_back(info.name);
        known.insert(known.end(), info.aliases.begin(), info.aliases.end());
    }
    return report(fail(
        Errc::invalid_input,
        "unknown model " + bw::quoted(model) + did_you_mean(model, known) +
            "; `batchwright models` lists them"
    ));
}

}  // namespace

int train(const TrainOptions& options) {
    if (models::find_model(options.model) == nullptr) return refuse_model(options.model);
    const auto place = launch::discover_place();
    if (!place) return report(place.error());
    const auto written = write_sweep(options);
    if (!written) return report(written.error());
    const auto file = load_sweep_file(*written);
    if (!file) return report(file.error());
    RunOptions run = options.run;
    run.file = *written;
    RunSession session(run, *file, *place);
    const int status = session.run();
    if (status == 0 && !session.results_dir().empty()) hand_out(options, session.results_dir());
    return status;
}

void add_train(CLI::App& app, Action& action) {
    const auto options = std::make_shared<TrainOptions>();
    CLI::App* train = app.add_subcommand(
        "train", "Train one network as the seed collection's script does: --model=resnet"
    );
    train->add_option("--model", options->model, "A name of `batchwright models`")->required();
    train->add_option(
        "--config",
        options->config,
        "The script's configuration (default: ./config.yaml, if it is there)"
    );
    train->add_option(
        "--weights", options->weights, "A safetensors file to begin with (ours, or Python's)"
    );
    train->add_flag("--model_save", options->model_save, "Keep the best weights in model_store/");
    train->add_flag(
        "--checkpoint", options->checkpoint, "Keep the last checkpoint in checkpoints/"
    );
    train->add_flag("--sam", options->sam, "Sharpness-aware minimisation around SGD");
    train->add_option("--device", options->run.device, "As for run")->capture_default_str();
    train->add_option("--state", options->run.state_dir, "Where everything durable lives")
        ->capture_default_str();
    train->add_option("--data", options->run.data_path, "Folders to look for data sets in");
    train->add_option("--trainer", options->run.trainer, "The trainer program");
    train->add_flag("--fresh", options->run.fresh, "Start anew even if this run is known");
    train->callback([options, &action] { action = [options] { return cli::train(*options); }; });
}

}  // namespace bw::cli
