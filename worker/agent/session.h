// The agent's connection to its coordinator, kept up with back-off: hello, lease, frames both ways.
// Training does not depend on it. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <frames.pb.h>

#include "base/result.h"
#include "base/time.h"
#include "wire/channel.h"

namespace bw::agent {

class Session {
public:
    /// Between attempts to connect; never more than a third of the lease, so that a short outage
    /// does not cost it.
    static constexpr Duration kReconnectFirst = milliseconds(100), kReconnectMax = seconds(5);
    static constexpr Duration kHelloTimeout = seconds(15), kConnectTimeout = seconds(5);
    static constexpr Duration kFarewellTimeout = seconds(3);
    static constexpr Duration kNonceTimeout =
        seconds(5);  // a network file system shows new files late

    struct Ports {
        std::function<proto::Hello()> make_hello;
        std::function<void(const proto::Welcome&)> on_welcome;
        std::function<void(const proto::Frame&)> on_frame;
        /// The lease ran out: ends every rank, and returns when they are gone.
        std::function<boost::asio::awaitable<void>()> drop_ranks;
        std::function<void(const std::string& why)> on_refused;
    };

    struct Options {
        std::string host;
        std::uint16_t port = 0;
        Duration nonce_patience;
        wire::Security security;
    };

    Session(boost::asio::io_context& io, Options options, Ports ports);

    /// Connects again and again until stop().
    boost::asio::awaitable<void> run();

    /// Dropped without a session: facts are repeated after the next welcome.
    void send(const proto::Frame& frame);
    void send_sample(const proto::Frame& frame);

    /// Sends a Farewell; the coordinator closes the connection when it has read it. No reconnecting
    /// from now on.
    void leave(const std::string& reason);
    void stop();

    [[nodiscard]] bool is_welcome() const { return welcome_; }

    [[nodiscard]] bool is_connected() const { return channel_ != nullptr; }

private:
    boost::asio::awaitable<Result<void>> connect_and_serve();
    boost::asio::awaitable<Result<std::shared_ptr<wire::Channel>>> connect();
    boost::asio::awaitable<Result<void>> serve();
    boost::asio::awaitable<Result<void>> check_state_dir(const proto::Welcome& welcome);
    boost::asio::awaitable<void> wait(Duration time);
    [[nodiscard]] Duration at_most_a_third_of_the_lease(Duration time) const;
    void beat();
    boost::asio::awaitable<Result<void>> refuse(std::string why);

    boost::asio::io_context& io_;
    Options options_;
    Ports ports_;
    std::shared_ptr<wire::Channel> channel_;
    boost::asio::steady_timer pause_, heartbeat_;
    Duration backoff_ = kReconnectFirst;
    Duration lease_ = seconds(15);
    bool welcome_ = false, stopped_ = false;
};

}  // namespace bw::agent
