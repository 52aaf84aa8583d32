// A second copy of the state for everything that only reads: it follows the durable events on a
// thread of its own, so that no list, however long, holds up the loop; what it shows is on disk.
// All members are for the loop thread. Answers come back on the loop, in the order of the
// questions.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "coordinator/api/books.h"

namespace bw::api {

class Replica {
public:
    Replica(boost::asio::io_context& loop, core::State state);
    ~Replica();  // stops
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;

    using Follower = std::function<void(const Books&, const core::Event&)>;

    /// Called on the replica's thread after every event. Before the first one.
    void follow(Follower follower) { follower_ = std::move(follower); }

    /// A durable event; every question after it sees it.
    void apply(core::Event event);

    /// A progress sample, likewise.
    void note(JobId job, const Progress& progress);

    /// Runs `work` on the replica's thread. It must not throw.
    void run(std::function<void(const Books&)> work);

    /// Likewise, then `then` with its answer on the loop.
    template <class T>
    void ask(std::function<T(const Books&)> read, std::function<void(T)> then) {
        run([&loop = loop_, read = std::move(read), then = std::move(then)](const Books& books) {
            const auto answer = std::make_shared<T>(read(books));
            boost::asio::post(loop, [then, answer] { then(std::move(*answer)); });
        });
    }

    /// Waits for the question that is being answered; later ones are dropped.
    void stop();

private:
    boost::asio::io_context& loop_;
    Books books_;        // the thread's own
    Follower follower_;  // likewise
    boost::asio::thread_pool thread_{1};
};

}  // namespace bw::api
