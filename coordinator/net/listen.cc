// The listening socket and the nonce file.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>

#include "base/text.h"
#include "coordinator/net/secret.h"
#include "coordinator/net/sessions.h"

namespace bw::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
}

/// Programs that the coordinator starts (gnuplot) must not hold its connections open.
void close_at_exec(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

Result<void> write_nonce(const std::filesystem::path& path, const std::string& nonce) {
    const std::filesystem::path temporary = path.string() + ".new";
    std::ofstream file(temporary, std::ios::trunc);
    file << nonce;
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(temporary, path, error);
    if (file && !error) return boost::system::in_place_value;
    return fail(Errc::io, "cannot write " + path.string() + ": is the state directory writable?");
}

}  // namespace

Result<void> Sessions::listen() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
        return fail(
            Errc::invalid_input,
            "the address " + bw::quoted(options_.address) + " to listen on is no IP address"
        );
    }
    if (auto may = wire::may_listen(address, options_.security, options_.token); !may) return may;
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        const bool in_use = error == asio::error::address_in_use;
        return fail(
            in_use ? Errc::in_use : Errc::io,
            "cannot listen for agents on " + options_.address + ":" +
                std::to_string(options_.port) + ": " + error.message()
        );
    }
    close_at_exec(acceptor_.native_handle());
    nonce_ = random_secret();
    if (auto written = write_nonce(options_.state_dir / wire::kNonceFile, nonce_); !written)
        return written;
    asio::co_spawn(io_, accept_loop(shared_from_this()), rethrow);
    return boost::system::in_place_value;
}

asio::awaitable<void> Sessions::accept_loop([[maybe_unused]] std::shared_ptr<Sessions> self) {
    while (!closed_) {
        auto accepting = acceptor_.async_accept(kNoThrow);
        std::tuple<boost::system::error_code, tcp::socket> accepted = co_await std::move(accepting);
        if (closed_) break;
        if (std::get<0>(accepted) || open_.size() >= kSessionsMax) {
            // Out of descriptors, most likely: the next attempt may find one.
            accept_pause_.expires_after(std::chrono::milliseconds(100));
            auto pausing = accept_pause_.async_wait(kNoThrow);
            const std::tuple<boost::system::error_code> ignored = co_await std::move(pausing);
            static_cast<void>(ignored);
            continue;
        }
        close_at_exec(std::get<1>(accepted).native_handle());
        wire::Stream stream(std::move(std::get<1>(accepted)), options_.security);
        auto channel = std::make_shared<wire::Channel>(std::move(stream), options_.lease);
        auto session = std::make_shared<Session>(std::move(channel));
        open_.insert(session);
        asio::co_spawn(io_, serve(shared_from_this(), session), rethrow);
    }
}

}  // namespace bw::net
