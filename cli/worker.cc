#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "cli/agent_child.h"
#include "cli/commands.h"
#include "worker/launch/launch.h"

namespace bw::cli {

namespace {

/// SIGTERM and SIGINT make the agent leave in good order; the second one ends this process at once,
/// and its death the agent.
void stop_on_signal(boost::asio::signal_set& signals, launch::Supervisor& supervisor) {
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        signals.async_wait([](const boost::system::error_code& cancelled, int) {
            if (!cancelled) std::_Exit(coordinator::kExitInterrupted);
        });
        supervisor.stop([] {});
    });
}

}  // namespace

int worker(const WorkerOptions& options) {
    const auto place = launch::discover_place();
    if (!place) {
        std::fprintf(stderr, "batchwright worker: %s\n", place.error().message.c_str());
        return coordinator::kExitBadInput;
    }
    launch::remove_mpi_variables();  // mpirun would end all its processes with the agent's death
    WorkerOptions its = options;
    if (its.local_rank < 0) its.local_rank = place->local_rank;
    if (its.local_size <= 0) its.local_size = place->local_size;
    boost::asio::io_context io{1};
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    launch::Supervisor supervisor(io);
    stop_on_signal(signals, supervisor);
    int final_status = coordinator::kExitInternal;
    supervisor.start(agent_child(its), [&](int status) {
        final_status = status;
        io.stop();
    });
    io.run();
    return final_status;
}

}  // namespace bw::cli
