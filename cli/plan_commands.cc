#include "cli/plan_commands.h"

#include <memory>

#include <CLI/CLI.hpp>

namespace bw::cli {
namespace {

void add_plan(CLI::App& app, const std::shared_ptr<PlanOptions>& options, Action& action) {
    CLI::App* plan = app.add_subcommand(
        "plan", "Show what each job of a sweep would take and whether it fits; no device is touched"
    );
    plan->add_option("file", options->file, "The sweep file (YAML)")->required();
    plan->add_option("--device", options->device, "As of `run`: cpu:2x8GiB, cpu:1GiB,2GiB")
        ->capture_default_str();
    plan->add_option("--state", options->state_dir, "Whose profiles are read")
        ->capture_default_str();
    plan->add_flag("--profile", options->profile, "Make the profiles that are missing first");
    plan->add_option("--trainer", options->trainer, "The trainer program, for --profile");
    plan->add_flag("--json", options->json, "Every point, as JSON");
    plan->add_option("--limit", options->limit, "How many points to print")->capture_default_str();
    plan->callback([options, &action] { action = [options] { return bw::cli::plan(*options); }; });
}

void add_profile(CLI::App& app, const std::shared_ptr<ProfileOptions>& options, Action& action) {
    CLI::App* profile = app.add_subcommand(
        "profile", "Measure the memory of a network's step on the CPU, and keep it for the planner"
    );
    profile->add_option("model", options->model, "As `batchwright models` names it")->required();
    profile->add_option("--input", options->input, "CxHxW")->capture_default_str();
    profile->add_option("--classes", options->classes, "Classes")->capture_default_str();
    profile->add_option("--batch", options->batch, "Samples of the micro-batch that is shown")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    profile->add_option("--optimizer", options->optimizer, "sgd, adam, adamw, rmsprop or lamb")
        ->check(CLI::IsMember({"sgd", "adam", "adamw", "rmsprop", "lamb"}))
        ->capture_default_str();
    profile->add_option("--momentum", options->momentum, "Of sgd and rmsprop")
        ->capture_default_str();
    profile->add_option("--weight-decay", options->weight_decay, "Weight decay")
        ->capture_default_str();
    profile->add_option("--precision", options->precision, "fp32 or fp64")
        ->check(CLI::IsMember({"fp32", "fp64"}))
        ->capture_default_str();
    profile->add_option("--bn", options->bn, "ghost, micro_batch or frozen")
        ->check(CLI::IsMember({"ghost", "micro_batch", "frozen"}))
        ->capture_default_str();
    profile->add_option("--group", options->group, "Samples of a BatchNorm group, of ghost")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    profile->add_option("--threads", options->threads, "Of the slot: kernels depend on it")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    profile->add_flag(
        "--recompute",
        options->recompute,
        "Activations are computed again in backward instead of kept"
    );
    profile->add_option("--state", options->state_dir, "Where the profile is kept")
        ->capture_default_str();
    profile->add_option("--plot", options->plot, "Draw the timeline into this PNG");
    profile->add_option("--trainer", options->trainer, "The trainer program");
    profile->add_flag("--json", options->json, "As JSON");
    profile->callback([options, &action] {
        action = [options] { return bw::cli::profile(*options); };
    });
}

}  // namespace

void add_plan_commands(CLI::App& app, Action& action) {
    add_plan(app, std::make_shared<PlanOptions>(), action);
    add_profile(app, std::make_shared<ProfileOptions>(), action);
}

}  // namespace bw::cli
