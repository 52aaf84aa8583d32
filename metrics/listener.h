// A small HTTP/1.1 listener that answers GET /metrics and nothing else: the agent's. Everything
// runs on the io_context's one thread. At most kConnectionsMax connections are open; a further one
// is closed at once. A slow peer is cut off after kPeerLimit.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "metrics/handler.h"

namespace bw::metrics {

inline constexpr int kConnectionsMax = 32;
inline constexpr std::chrono::seconds kPeerLimit{30};

struct ListenerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    /// Not empty: a scrape must carry `Authorization: Bearer TOKEN`. Beyond loopback it must not be
    /// empty.
    std::string token{};
};

class Listener {
public:
    using Render = std::function<Exposition()>;

    /// Errors: invalid_input (the address), refused (no token beyond loopback), in_use (the port),
    /// io.
    static Result<std::unique_ptr<Listener>> listen(
        boost::asio::io_context& io, ListenerOptions options, Render render
    );

    /// Stops accepting; open connections end after the reply that they are at.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    struct Impl;

private:
    explicit Listener(std::shared_ptr<Impl> impl);

    std::shared_ptr<Impl> impl_;
};

}  // namespace bw::metrics
