// Runs the searchers: asks core::wanted_points() after each commit, lets a thread of its own find
// the points from a copy of the results so far, and brings the answer back as an input. One
// question per sweep at a time. What it finds depends on the file, the seed and the journal alone,
// so that a coordinator that was killed meanwhile finds the same, or has newer results to find
// from.
#pragma once

#include <functional>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/time.h"
#include "coordinator/core/core.h"

namespace bw::coordinator {

/// Loop thread only.
class Searching {
public:
    using Submit = std::function<void(const core::Input&)>;

    Searching(boost::asio::io_context& io, Submit submit) : io_(io), submit_(std::move(submit)) {}

    ~Searching() { join(); }

    Searching(const Searching&) = delete;
    Searching& operator=(const Searching&) = delete;

    /// Asks for what is wanted and not asked for yet.
    void look(const core::State& state, Instant now);

    /// Waits for the question that is being worked on; its answer is lost.
    void join();

private:
    void ask(const core::State& state, const core::PointsWanted& wanted);

    boost::asio::io_context& io_;
    Submit submit_;
    std::set<SweepId> asked_;
    boost::asio::thread_pool thread_{1};
};

}  // namespace bw::coordinator
