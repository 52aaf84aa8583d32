// What the ranks printed: the end of it at once, or all that comes as an event stream. The files
// lie in the state directory and are read on a thread of their own: a slow disk holds up nothing
// else. Loop thread only.
#pragma once

#include <filesystem>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "coordinator/api/replica.h"
#include "coordinator/api/router.h"
#include "coordinator/api/submit.h"

namespace bw::api {

class Logs {
public:
    Logs(
        boost::asio::io_context& loop,
        const CorePort& core,
        Replica& replica,
        std::filesystem::path state_dir
    );
    ~Logs();

    /// GET .../jobs/{points}/log?rank=0&attempt=2&lines=100&follow=1. Without `attempt` the newest,
    /// and, when followed, those that come after it. Events: log {attempt, rank, text}; ended
    /// {state, reason}.
    void answer(const Call& call, const http::Reply& reply);

private:
    struct Stream;
    struct Source;

    Result<Source> find_source(const Books& books, const Call& call) const;
    void answer_end(Source source, http::Reply reply);
    void follow(Source source, const http::Reply& reply);
    void step(std::shared_ptr<Stream> stream);
    void on_piece(std::shared_ptr<Stream> stream, std::string text);
    bool is_at_end(Stream& stream) const;

    boost::asio::io_context& loop_;
    const CorePort& core_;
    Replica& replica_;
    std::filesystem::path state_dir_;
    boost::asio::thread_pool files_{1};
};

}  // namespace bw::api
