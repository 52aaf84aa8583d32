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

/// SIGTERM and SIGINT make the agent leave in good order; another SIGINT ends both at once. SIGTERM
/// may come twice: mpirun repeats it.
void stop_on_signal(
    boost::asio::signal_set& signals, launch::Supervisor& supervisor, bool& is_stopping
) {
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal == SIGINT && is_stopping) {
            supervisor.hurry();
            std::_Exit(coordinator::kExitInterrupted);
        }
        is_stopping = true;
        supervisor.stop([] {});
        stop_on_signal(signals, supervisor, is_stopping);
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
    bool is_stopping = false;
    stop_on_signal(signals, supervisor, is_stopping);
    int final_status = coordinator::kExitInternal;
    supervisor.start(agent_child(its), [&](int status) {
        final_status = status;
        io.stop();
    });
    io.run();
    return final_status;
}

}  // namespace bw::cli
