// The shell's loop around the pure core: input -> decide -> apply in memory -> append; effects and
// acknowledgements wait for the fsync. Commits run on a thread of their own, so that inputs that
// arrive meanwhile share the next fsync (group commit). A failed commit ends the process: the
// journal is the truth, and memory is already ahead of it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/system_timer.hpp>

#include "coordinator/core/core.h"
#include "coordinator/journal/journal.h"

namespace bw::coordinator {

/// One group commit of the journal.
struct Commit {
    Duration took;  // the fsync included
    std::uint64_t events = 0;
    std::vector<Duration> decisions;  // of the inputs that led to them
};

/// Where effects and durable events go. Called on the loop thread.
struct Ports {
    std::function<void(const core::Effect&)> carry_out;
    std::function<void(const core::Event&)> publish;
    std::function<void(const Commit&)> committed;
};

class Reactor {
public:
    using WhenDurable = std::function<void(const core::State&)>;

    Reactor(boost::asio::io_context& io, journal::Journal journal, core::State state);
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// Before the first input.
    void connect(Ports ports) { ports_ = std::move(ports); }

    /// Loop thread only. `when_durable` runs on the loop after the input's events, and all earlier
    /// ones, are on disk.
    void submit(const core::Input& input, WhenDurable when_durable = {});

    using Visit = std::function<void(std::uint64_t sequence, const core::Event&)>;

    /// Every event that is on disk by now, in order, read from the journal in pieces between
    /// commits. `visit` runs on the commit thread, then `done` on the loop. Errors: corrupt, io.
    void read_journal(Visit visit, std::function<void(Result<void>)> done);

    /// Wakes the core: after a restart, and whenever its next timer is due.
    void tick() { submit(core::Tick{}); }

    [[nodiscard]] const core::State& state() const { return state_; }

private:
    struct Batch {
        std::vector<core::Event> events;
        std::vector<core::Effect> effects;
        WhenDurable when_durable;
        Duration decided_in;
    };

    struct Reading {
        Visit visit;
        std::function<void(Result<void>)> done;
        std::uint64_t at = 0;  // the last event that was read
    };

    void commit_loop();
    void commit(std::vector<Batch> group);
    void read_piece();
    Commit write(const std::vector<Batch>& group);
    void on_durable(std::vector<Batch> batches, const Commit& commit);
    void arm_timer();

    boost::asio::io_context& io_;
    boost::asio::system_timer timer_;
    journal::Journal journal_;  // used by the commit thread only
    core::State state_;
    Ports ports_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Batch> waiting_;    // guarded by mutex_
    std::deque<Reading> readings_;  // guarded by mutex_; the first is the commit thread's own
    bool closing_ = false;          // guarded by mutex_
    std::thread committer_;
};

/// The one place that reads the wall clock for the core.
Instant now();

}  // namespace bw::coordinator
