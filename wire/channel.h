// One connection between agent and coordinator, in clear or under TLS: frames in, one at a time and
// each with a deadline; frames out through a bounded queue, so that a slow peer costs neither
// memory nor the loop. Used by both ends. Loop thread only; lives in a shared_ptr, because reads
// and writes in flight hold it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "base/time.h"
#include "wire/frame.h"
#include "wire/stream.h"

namespace bw::wire {

/// In the coordinator's state directory; its text shows an agent that both see the same one.
inline constexpr const char* kNonceFile = "nonce";

class Channel : public std::enable_shared_from_this<Channel> {
public:
    static constexpr std::size_t kQueueBytesMax = 64 * 1024 * 1024;
    /// Beyond this much waiting, samples are dropped, so that facts and orders do not queue behind
    /// them.
    static constexpr std::size_t kSampleQueueBytesMax = 256 * 1024;

    /// A write that makes no progress for `write_timeout` closes the channel.
    Channel(Stream stream, Duration write_timeout);

    /// Before the first read or send: the TLS handshake, where there is TLS. Errors as those of
    /// Stream::handshake; the channel is then closed.
    boost::asio::awaitable<Result<void>> open(Duration timeout);

    /// The next frame. Errors: timed_out, peer_gone (also after close()), corrupt. After an error
    /// the channel is closed. One read at a time.
    boost::asio::awaitable<Result<proto::Frame>> read(Duration timeout);

    /// Queues the frame. A full queue closes the channel: the peer reads nothing.
    void send(const proto::Frame& frame);

    /// Queues the frame, or drops it when much is waiting.
    void send_sample(const proto::Frame& frame);

    /// At once; a read in flight ends with peer_gone.
    void close();

    /// Closes when what is queued has been written; nothing more is accepted.
    void close_when_written();

    [[nodiscard]] bool is_open() const { return stream_.is_open(); }

private:
    boost::asio::awaitable<Result<void>> fill(std::string& buffer);
    void write_next();
    void on_written(const boost::system::error_code& error);

    Stream stream_;
    boost::asio::steady_timer read_deadline_;
    boost::asio::steady_timer write_deadline_;
    Duration write_timeout_;
    std::deque<std::string> queue_;  // the front one is being written
    std::size_t queued_bytes_ = 0;
    bool writing_ = false, closing_ = false, timed_out_ = false;
};

}  // namespace bw::wire
