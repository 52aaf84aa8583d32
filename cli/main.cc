// batchwright: the command line. Only the options live here; each sub-command has its own file.
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/network.h"
#include "cli/plan_commands.h"
#include "cli/sweep_commands.h"
#include "cli/sweep_file.h"
#include "cli/train.h"
#include "cli/verbs.h"
#include "worker/program/program.h"

namespace {

using bw::cli::Action;
using bw::cli::ModelsOptions;
using bw::cli::RunOptions;
using bw::cli::WorkerOptions;

void add_interface(CLI::App& command, std::string& interface, const char* use) {
    command.add_option(
        "--interface", interface, std::string(use) + ": eth0, 10.1.0.0/16, 10.1.2.3"
    );
}

void add_port_range(CLI::App& command, std::string& range) {
    command.add_option(
        "--port-range", range, "FIRST-LAST: ports on which the ranks of a job meet (default: any)"
    );
}

template <class Set>
void add_lease(CLI::App& command, Set set) {
    command
        .add_option_function<double>(
            "--lease",
            set,
            "Seconds that an agent may be silent before its jobs are placed elsewhere (15)"
        )
        ->check(CLI::Range(0.5, 3600.0));
}

void add_run(CLI::App& app, RunOptions& options, Action& action) {
    CLI::App* run =
        app.add_subcommand("run", "Run a sweep to its end; the same command goes on where it was");
    run->add_option("file", options.file, "The sweep file (YAML)")->required();
    run->add_option(
           "--device", options.device, "auto, cpu:N for N slots on this host, or cuda for its GPUs"
    )
        ->capture_default_str();
    run->add_option("--state", options.state_dir, "Where everything durable lives")
        ->capture_default_str();
    run->add_flag("--json", options.json, "Print results.json on stdout, and nothing else there");
    run->add_flag("--fresh", options.fresh, "Start anew even if this sweep is known");
    run->add_flag(
        "--keep-affinity",
        options.keep_affinity,
        "Stay on the cores that the launcher bound this process to"
    );
    run->add_option(
        "--data", options.data_path, "Folders to look for data sets in, \":\" between them"
    );
    run->add_option(
        "--trainer",
        options.trainer,
        "The trainer program (default: batchwright-trainer beside this one)"
    );
    add_interface(*run, options.interface, "How other hosts reach this one");
    add_port_range(*run, options.port_range);
    add_lease(*run, [&options](double value) { options.lease_s = value; });
    run->callback([&] { action = [&] { return bw::cli::run(options); }; });
}

void add_coordinator(CLI::App& app, bw::coordinator::CoordinatorOptions& options, Action& action) {
    CLI::App* coordinator =
        app.add_subcommand("coordinator", "The service that owns sweeps, journal and schedule");
    coordinator->add_option("--state", options.state_dir, "Where everything durable lives")
        ->capture_default_str();
    coordinator->add_option(
        "--http-port", options.http_port, "API port (default: the last one, or any)"
    );
    coordinator->add_option(
        "--agent-port", options.agent_port, "Port for agents (default: the last one, or any)"
    );
    coordinator->add_option(
        "--address",
        options.address,
        "Where to listen; beyond loopback with TLS and the token (default: 127.0.0.1)"
    );
    coordinator->add_option(
        "--announce",
        options.announced_host,
        "The host name or address that others reach it by (default: the address)"
    );
    add_lease(*coordinator, [&options](double value) {
        options.lease = bw::Duration{static_cast<std::int64_t>(value * 1e9)};
    });
    const auto interface = std::make_shared<std::string>();
    add_interface(*coordinator, *interface, "Where to listen, instead of --address");
    coordinator->add_flag(
        "--allow-programs",
        options.allows_programs,
        "Sweeps may name programs of their own (program, command): the agents' users run them"
    );
    coordinator->add_option(
        "--ready-fd", options.ready_descriptor, "Write the endpoint to this descriptor once ready"
    );
    coordinator->callback([&, interface] {
        action = [&, interface] {
            if (auto chosen = bw::cli::listen_on(options, *interface); !chosen)
                return bw::cli::report(chosen.error());
            return bw::coordinator::run_coordinator(options);
        };
    });
}

void add_worker_options(CLI::App& worker, WorkerOptions& options) {
    worker.add_option(
        "--coordinator", options.coordinator, "host:port (default: from the state directory)"
    );
    worker.add_option("--state", options.state_dir, "The coordinator's state directory")
        ->capture_default_str();
    worker
        .add_option(
            "--device", options.device, "auto, cpu:N for N slots on this host, or cuda for its GPUs"
        )
        ->capture_default_str();
    worker.add_option(
        "--name", options.name, "Stable name of this agent (default: HOST/LOCAL_RANK)"
    );
    worker.add_option(
        "--host", options.host, "Address at which trainers of other hosts reach this one"
    );
    worker.add_option(
        "--data", options.data_path, "Folders to look for data sets in, \":\" between them"
    );
    add_interface(worker, options.interface, "How other hosts' trainers reach this one's");
    add_port_range(worker, options.port_range);
    worker.add_option("--trainer", options.trainer, "The trainer program");
    worker.add_option(
        "--fingerprint",
        options.fingerprint,
        "Of the coordinator's certificate (default: BATCHWRIGHT_FINGERPRINT, the state directory)"
    );
    worker.add_option(
        "--metrics-port", options.metrics_port, "Port of /metrics (default: any; -1: none)"
    );
    worker.add_option(
        "--local-rank",
        options.local_rank,
        "Which of the agents on this host (default: the launcher's)"
    );
    worker.add_flag(
        "--keep-affinity",
        options.keep_affinity,
        "Stay on the cores that the launcher bound this process to"
    );
    worker.add_option(
        "--local-size", options.local_size, "How many agents share this host's devices"
    );
}

void add_worker(CLI::App& app, WorkerOptions& options, Action& action) {
    CLI::App* worker = app.add_subcommand(
        "worker",
        "Offers this host's devices to a coordinator: an agent, started again when it dies"
    );
    add_worker_options(*worker, options);
    worker->callback([&] { action = [&] { return bw::cli::worker(options); }; });
    CLI::App* agent = app.add_subcommand("agent", "What \"run\" and \"worker\" supervise");
    add_worker_options(*agent, options);
    agent->callback([&] { action = [&] { return bw::cli::agent(options); }; });
    constexpr const char* kHidden = "";
    app.add_subcommand(bw::cli::kProgramRankCommand, "What an agent starts for a program's rank")
        ->group(kHidden)
        ->callback([&] { action = [] { return bw::program::run_rank(); }; });
}

void add_models(CLI::App& app, ModelsOptions& options, Action& action) {
    CLI::App* models =
        app.add_subcommand("models", "The networks: parameters, MACs, the seed's table");
    models->add_option("name", options.name, "One of them (default: all)");
    models->add_option("--classes", options.classes, "Classes")->capture_default_str();
    models->add_option("--input", options.input, "CxHxW (default: each model's own)");
    models->add_option("--trainer", options.trainer, "The trainer program");
    models->add_flag("--json", options.json, "As JSON");
    models->add_flag("--tensors", options.tensors, "Also the weights, as exported files name them");
    models->callback([&] { action = [&] { return bw::cli::models(options); }; });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Batchwright: distributed training sweeps with an exact global batch", "batchwright"
    );
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 done, 2 bad input, 3 some points did not finish, 4 state directory in "
        "use,\n"
        "5 state directory unusable, 6 refused by the coordinator, 7 no coordinator answers, 130 "
        "interrupted. Under mpirun as root, set "
        "OMPI_ALLOW_RUN_AS_ROOT=1 and\n"
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or pass --allow-run-as-root."
    );
    Action action;
    RunOptions run_options;
    WorkerOptions worker_options;
    bw::coordinator::CoordinatorOptions coordinator_options;
    ModelsOptions models_options;
    bw::cli::SweepToolOptions sweep_options;
    bool version_json = false;
    add_run(app, run_options, action);
    bw::cli::add_plan_commands(app, action);
    add_coordinator(app, coordinator_options, action);
    add_worker(app, worker_options, action);
    add_models(app, models_options, action);
    bw::cli::add_sweep(app, sweep_options, action);
    bw::cli::add_train(app, action);
    bw::cli::add_verbs(app, action);
    bw::cli::add_completion(app, action);
    CLI::App* version = app.add_subcommand("version", "What this build is");
    version->add_flag("--json", version_json, "As JSON");
    version->callback([&] { action = [&] { return bw::cli::print_version(version_json); }; });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return status == 0 ? 0 : bw::coordinator::kExitBadInput;
    }
    return action();
}
