#include "worker/agent/session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bw::agent {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Shared with the handler of its deadline, which may come late.
struct Attempt {
    explicit Attempt(asio::io_context& io) : socket(io), resolver(io), deadline(io) {}

    asio::awaitable<boost::system::error_code> connect(std::string host, std::uint16_t port);

    void give_up() {
        boost::system::error_code ignored;
        resolver.cancel();
        socket.close(ignored);
    }

    tcp::socket socket;
    tcp::resolver resolver;
    asio::steady_timer deadline;
};

/// A numeric address needs no resolver, and so no second thread in this process.
asio::awaitable<boost::system::error_code> Attempt::connect(std::string host, std::uint16_t port) {
    boost::system::error_code not_numeric;
    const asio::ip::address address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        const tcp::endpoint endpoint(address, port);
        auto connecting = socket.async_connect(endpoint, kNoThrow);
        const std::tuple<boost::system::error_code> outcome = co_await std::move(connecting);
        co_return std::get<0>(outcome);
    }
    const std::string service = std::to_string(port);
    auto resolving = resolver.async_resolve(host, service, kNoThrow);
    const std::tuple<boost::system::error_code, tcp::resolver::results_type> found =
        co_await std::move(resolving);
    if (std::get<0>(found)) co_return std::get<0>(found);
    auto connecting = asio::async_connect(socket, std::get<1>(found), kNoThrow);
    const std::tuple<boost::system::error_code, tcp::endpoint> outcome =
        co_await std::move(connecting);
    co_return std::get<0>(outcome);
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::chrono::nanoseconds chrono_of(Duration duration) {
    return std::chrono::nanoseconds(duration.ns);
}

}  // namespace

Session::Session(asio::io_context& io, Options options, Ports ports)
    : io_(io), options_(std::move(options)), ports_(std::move(ports)), pause_(io), heartbeat_(io) {}

asio::awaitable<void> Session::run() {
    bool said = false;
    while (!stopped_) {
        const Result<void> served = co_await connect_and_serve();
        const bool was_welcome = std::exchange(welcome_, false);
        said = said && !was_welcome;  // once for each outage
        heartbeat_.cancel();
        if (channel_ != nullptr) channel_->close();
        channel_.reset();
        if (stopped_) break;
        if (!served && !std::exchange(said, true)) {
            std::fprintf(
                stderr,
                "batchwright agent: no coordinator at %s:%u: %s; training goes on, tries again\n",
                options_.host.c_str(),
                static_cast<unsigned>(options_.port),
                served.error().message.c_str()
            );
        }
        co_await wait(backoff_);
        const Duration longest = at_most_a_third_of_the_lease(kReconnectMax);
        backoff_ = std::min(Duration{backoff_.ns * 2}, longest);
    }
}

Duration Session::at_most_a_third_of_the_lease(Duration time) const {
    return std::min(time, Duration{lease_.ns / 3});
}

asio::awaitable<void> Session::wait(Duration time) {
    pause_.expires_after(chrono_of(time));
    auto waiting = pause_.async_wait(kNoThrow);
    const std::tuple<boost::system::error_code> ignored = co_await std::move(waiting);
    static_cast<void>(ignored);
}

asio::awaitable<Result<std::shared_ptr<wire::Channel>>> Session::connect() {
    const auto attempt = std::make_shared<Attempt>(io_);
    // Lost requests to connect are repeated ever more slowly: a new one is sooner through.
    attempt->deadline.expires_after(chrono_of(at_most_a_third_of_the_lease(kConnectTimeout)));
    attempt->deadline.async_wait([attempt](const boost::system::error_code& error) {
        if (!error) attempt->give_up();
    });
    const boost::system::error_code error = co_await attempt->connect(options_.host, options_.port);
    attempt->deadline.cancel();
    if (error) co_return fail(Errc::peer_gone, error.message());
    wire::Stream stream(std::move(attempt->socket), options_.security);
    const auto channel = std::make_shared<wire::Channel>(std::move(stream), lease_);
    const Result<void> opened = co_await channel->open(kHelloTimeout);
    if (!opened) co_return opened.error();
    co_return channel;
}

asio::awaitable<Result<void>> Session::connect_and_serve() {
    const Result<std::shared_ptr<wire::Channel>> connected = co_await connect();
    if (!connected && connected.error().code == Errc::refused) {
        stopped_ = true;  // another certificate: trying again would not make it the right one
        ports_.on_refused(
            options_.host + ":" + std::to_string(options_.port) + ": " + connected.error().message
        );
    }
    if (!connected) co_return connected.error();
    if (stopped_) co_return boost::system::in_place_value;
    channel_ = *connected;
    proto::Frame hello;
    *hello.mutable_hello() = ports_.make_hello();
    channel_->send(hello);
    const Result<proto::Frame> answer = co_await channel_->read(kHelloTimeout);
    if (!answer) co_return answer.error();
    if (answer->has_rejected()) co_return co_await refuse(answer->rejected().reason());
    if (answer->has_dismiss()) {
        ports_.on_frame(*answer);
        co_return co_await serve();
    }
    if (!answer->has_welcome())
        co_return fail(Errc::corrupt, "the coordinator's first frame is no welcome");
    const proto::Welcome& welcome = answer->welcome();
    if (welcome.drop_held_ranks()) {
        channel_->close();
        co_await ports_.drop_ranks();
        backoff_ = kReconnectFirst;
        co_return boost::system::in_place_value;
    }
    const Result<void> seen = co_await check_state_dir(welcome);
    if (!seen) co_return co_await refuse(seen.error().message);
    lease_ = milliseconds(std::max<std::int64_t>(welcome.lease_ms(), 1));
    backoff_ = kReconnectFirst;
    welcome_ = true;
    ports_.on_welcome(welcome);
    beat();
    co_return co_await serve();
}

asio::awaitable<Result<void>> Session::check_state_dir(const proto::Welcome& welcome) {
    const std::filesystem::path nonce =
        std::filesystem::path(welcome.state_dir()) / wire::kNonceFile;
    const auto deadline = std::chrono::steady_clock::now() + chrono_of(options_.nonce_patience);
    while (read_text(nonce) != welcome.state_nonce()) {
        if (std::chrono::steady_clock::now() > deadline || stopped_) {
            co_return fail(
                Errc::not_found,
                "this agent does not see the coordinator's state directory " + welcome.state_dir() +
                    ": every host must reach it under the same path, for instance on a shared file "
                    "system"
            );
        }
        co_await wait(milliseconds(100));
    }
    co_return boost::system::in_place_value;
}

asio::awaitable<Result<void>> Session::serve() {
    const std::shared_ptr<wire::Channel> channel = channel_;
    for (;;) {
        const Result<proto::Frame> frame = co_await channel->read(lease_);
        if (!frame) co_return frame.error();
        if (frame->has_rejected()) co_return co_await refuse(frame->rejected().reason());
        ports_.on_frame(*frame);
    }
}

void Session::beat() {
    proto::Frame frame;
    frame.mutable_heartbeat();
    send(frame);
    heartbeat_.expires_after(chrono_of({lease_.ns / 3}));
    heartbeat_.async_wait([this](const boost::system::error_code& error) {
        if (!error && welcome_) beat();
    });
}

asio::awaitable<Result<void>> Session::refuse(std::string why) {
    const std::shared_ptr<wire::Channel> channel = channel_;
    proto::Frame farewell;  // so that the coordinator does not wait for the lease to run out
    farewell.mutable_farewell()->set_reason(why);
    channel->send(farewell);
    while (channel->is_open()
    ) {  // the coordinator closes; closing first could destroy the farewell
        const Result<proto::Frame> late = co_await channel->read(kFarewellTimeout);
        static_cast<void>(late);
    }
    stopped_ = true;
    ports_.on_refused(why);
    co_return fail(Errc::refused, why);
}

void Session::send(const proto::Frame& frame) {
    if (welcome_ && channel_ != nullptr) channel_->send(frame);
}

void Session::send_sample(const proto::Frame& frame) {
    if (welcome_ && channel_ != nullptr) channel_->send_sample(frame);
}

void Session::leave(const std::string& reason) {
    stopped_ = true;
    pause_.cancel();
    if (channel_ == nullptr) return;
    proto::Frame frame;
    frame.mutable_farewell()->set_reason(reason);
    channel_->send(frame);
}

void Session::stop() {
    stopped_ = true;
    pause_.cancel();
    if (channel_ != nullptr) channel_->close();
}

}  // namespace bw::agent
