// One io_context, one thread: the client's coroutine and the listener take turns.
#include "metrics/listener.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bw::metrics {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using testing::HasSubstr;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kHungLimit = std::chrono::seconds(60);

struct Reply {
    int status = 0;  // 0: the connection was closed without one
    std::string body, content_type;
};

// Sends the texts one after another over one connection and reads a reply to each.
asio::awaitable<void> converse(
    std::uint16_t port, const std::vector<std::string>& texts, std::vector<Reply>& replies
) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    boost::beast::flat_buffer buffer;
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    const auto connected = co_await socket.async_connect(endpoint, kNoThrow);
    bool is_open = !std::get<0>(connected);
    for (const std::string& text : texts) {
        http::response<http::string_body> response;
        const auto bytes = asio::buffer(text);
        const auto written = co_await asio::async_write(socket, bytes, kNoThrow);
        const auto read = co_await http::async_read(socket, buffer, response, kNoThrow);
        is_open = is_open && !std::get<0>(written) && !std::get<0>(read);
        if (!is_open) {
            replies.push_back({});
            co_return;
        }
        replies.push_back(
            {static_cast<int>(response.result_int()),
             response.body(),
             std::string(response[http::field::content_type])}
        );
    }
}

class MetricsListener : public testing::Test {
protected:
    void listen(ListenerOptions options) {
        auto listening =
            Listener::listen(io, std::move(options), [this] { return expose(sink, Instant{}); });
        ASSERT_TRUE(listening) << listening.error().message;
        listener = std::move(*listening);
    }

    std::vector<Reply> ask(const std::vector<std::string>& texts) {
        std::vector<Reply> replies;
        bool done = false;
        asio::co_spawn(
            io,
            converse(listener->port(), texts, replies),
            [&](std::exception_ptr error) {
                EXPECT_FALSE(error);
                done = true;
            }
        );
        const auto deadline = std::chrono::steady_clock::now() + kHungLimit;
        while (!done && std::chrono::steady_clock::now() < deadline) {
            io.restart();
            io.run_one_until(deadline);
        }
        EXPECT_TRUE(done);
        return replies;
    }

    asio::io_context io{1};
    Sink sink{{.origin = Origin::agent, .agent = "gpu-7"}};
    std::unique_ptr<Listener> listener;
};

std::string get(const std::string& target, const std::string& headers = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

TEST_F(MetricsListener, ServesTheSinkAsItIsNow) {
    listen({});
    sink.set("facts_spooled", 3);
    const auto first = ask({get("/metrics")});
    sink.set("facts_spooled", 4);
    const auto second = ask({get("/metrics?x=y")});
    ASSERT_EQ(first.size(), 1u);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(first[0].status, 200);
    EXPECT_EQ(first[0].content_type, kContentType);
    EXPECT_THAT(first[0].body, HasSubstr("batchwright_facts_spooled{agent=\"gpu-7\"} 3\n"));
    EXPECT_THAT(second[0].body, HasSubstr("batchwright_facts_spooled{agent=\"gpu-7\"} 4\n"));
}

TEST_F(MetricsListener, KeepsAConnectionOpenBetweenScrapes) {
    listen({});
    const auto replies = ask({get("/metrics"), get("/metrics"), get("/metrics")});
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[2].status, 200);
}

TEST_F(MetricsListener, AnswersNothingElse) {
    listen({});
    const auto replies = ask(
        {get("/"),
         get("/metricsx"),
         "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"}
    );
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[0].status, 404);
    EXPECT_EQ(replies[1].status, 404);
    EXPECT_EQ(replies[2].status, 405);
}

TEST_F(MetricsListener, WantsTheTokenWhereThereIsOne) {
    listen({.token = "secret"});
    const auto replies = ask(
        {get("/metrics"),
         get("/metrics", "Authorization: Bearer secreT\r\n"),
         get("/metrics", "Authorization: Bearer secret\r\n")}
    );
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[0].status, 401);
    EXPECT_EQ(replies[1].status, 401);
    EXPECT_EQ(replies[2].status, 200);
}

TEST_F(MetricsListener, ClosesOnWhatIsNoHttpAndGoesOnServing) {
    listen({});
    const auto garbage = ask({"\x01\x02\x03 not http\r\n\r\n"});
    ASSERT_EQ(garbage.size(), 1u);
    EXPECT_EQ(garbage[0].status, 0);
    const auto endless = ask({get("/metrics", "X: " + std::string(20'000, 'x') + "\r\n")});
    ASSERT_EQ(endless.size(), 1u);
    EXPECT_EQ(endless[0].status, 0);
    EXPECT_EQ(ask({get("/metrics")}).at(0).status, 200);
}

TEST_F(MetricsListener, RefusesToListenBeyondLoopbackWithoutAToken) {
    const auto open = Listener::listen(io, {.address = "0.0.0.0"}, [] { return Exposition{}; });
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, Errc::refused);
    EXPECT_TRUE(Listener::listen(io, {.address = "0.0.0.0", .token = "t"}, [] {
        return Exposition{};
    }));
}

TEST_F(MetricsListener, NamesWhatIsWrongWithAnAddressOrAPort) {
    const auto no_address = Listener::listen(io, {.address = "here"}, [] { return Exposition{}; });
    ASSERT_FALSE(no_address);
    EXPECT_EQ(no_address.error().code, Errc::invalid_input);
    listen({});
    const auto taken =
        Listener::listen(io, {.port = listener->port()}, [] { return Exposition{}; });
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::in_use);
}

TEST_F(MetricsListener, IsQuietOnceItIsGone) {
    listen({});
    const std::uint16_t port = listener->port();
    ask({get("/metrics")});
    listener.reset();
    std::vector<Reply> replies;
    const std::vector<std::string> texts{get("/metrics")};
    asio::co_spawn(io, converse(port, texts, replies), [](std::exception_ptr) {});
    io.restart();
    io.run_for(kHungLimit);  // returns as soon as nothing is left to do
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].status, 0);
}

}  // namespace
}  // namespace bw::metrics
