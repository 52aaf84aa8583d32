// The HTTP API: one table of what clients may ask and say (docs/clients.md lists it), and what goes
// to those who follow. Questions are answered from the replica, off the loop; commands go to the
// core. Knows no policy. Loop thread only.
#pragma once

#include <filesystem>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "coordinator/api/commands.h"
#include "coordinator/api/logs.h"
#include "coordinator/api/reads.h"
#include "coordinator/api/replica.h"
#include "coordinator/api/streams.h"
#include "coordinator/api/submit.h"

namespace bw::proto {
class Progress;
}

namespace bw::api {

class Api {
public:
    Api(boost::asio::io_context& loop,
        CorePort core,
        std::filesystem::path state_dir,
        std::function<void()> shut_down);

    ~Api() { replica_.stop(); }  // before what its questions refer to goes

    void handle(const http::Request& request, const http::Reply& reply) {
        router_.handle(request, reply);
    }

    /// Beside the API's own: /metrics and the like. Before the first request.
    void add(Route route) { router_.add(std::move(route)); }

    /// Called for every request that has its reply. Before the first one.
    void watch(std::function<void(const Answered&)> watcher) { router_.watch(std::move(watcher)); }

    /// A durable event, for readers and for the followers of its sweep.
    void publish(const core::Event& event);

    /// A progress sample, likewise.
    void publish(const proto::Progress& progress);

    /// The results of a sweep that is over are not on disk yet.
    void await_results(SweepId sweep) { streams_.await_results(sweep); }

    /// Now they are.
    void announce_results(SweepId sweep) { streams_.announce_results(sweep); }

    Replica& replica() { return replica_; }

private:
    void add_reads();
    void add_commands();
    void add_read(const char* pattern, std::vector<std::string> query, Reader reader);
    void add_command(Verb verb);
    void verify(const Call& call, const http::Reply& reply);

    CorePort core_;
    std::filesystem::path state_dir_;
    std::function<void()> shut_down_;
    Replica replica_;
    Streams streams_;
    Logs logs_;
    Router router_;
};

}  // namespace bw::api
