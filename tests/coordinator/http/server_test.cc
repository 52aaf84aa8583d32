// The HTTP server and the client of the command line against each other, over real loopback
// sockets.
#include "coordinator/http/server.h"

#include <optional>
#include <stdexcept>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "cli/client.h"

namespace bw::http {
namespace {

namespace asio = boost::asio;

class ServerTest : public testing::Test {
protected:
    void listen(Handler handler) {
        const ServerOptions options{"127.0.0.1", 0, "secret", {}, "for metrics"};
        auto listening = Server::listen(io_, options, std::move(handler));
        ASSERT_TRUE(listening) << listening.error().message;
        server_ = std::move(*listening);
    }

    cli::Client client(const std::string& token = "secret") {
        return cli::Client({"127.0.0.1", server_->port(), 0, token, ""});
    }

    template <class T>
    T wait_for(asio::awaitable<T> work) {
        std::optional<T> result;
        asio::co_spawn(io_, std::move(work), [&](std::exception_ptr error, T value) {
            if (error) std::rethrow_exception(error);
            result = std::move(value);
            io_.stop();
        });
        io_.restart();
        io_.run();
        return std::move(*result);
    }

    asio::io_context io_{1};
    Feed feed_;
    std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, PassesMethodPathQueryAndBodyAndTheReplyComesBack) {
    listen([](const Request& request, Reply reply) {
        const nlohmann::json echo = {
            {"method", request.method},
            {"path", request.path},
            {"query", request.query},
            {"body", request.body}};
        reply({200, echo.dump(), "application/json"});
    });
    auto caller = client();
    const auto posted = wait_for(caller.post("/a/b?c=d", {{"x", 1}}));
    ASSERT_TRUE(posted);
    EXPECT_EQ(
        *posted,
        nlohmann::json(
            {{"method", "POST"}, {"path", "/a/b"}, {"query", "c=d"}, {"body", "{\"x\":1}"}}
        )
    );
}

TEST_F(ServerTest, AReplyMayComeLater) {
    asio::steady_timer later(io_);
    listen([&](const Request&, Reply reply) {
        later.expires_after(std::chrono::milliseconds(1));
        later.async_wait([reply](const boost::system::error_code&) {
            reply({200, "{}", "application/json"});
        });
    });
    auto caller = client();
    EXPECT_TRUE(wait_for(caller.get("/")));
}

TEST_F(ServerTest, AWrongTokenReachesNoHandlerAndHealthNeedsNone) {
    int calls = 0;
    listen([&](const Request&, Reply reply) {
        ++calls;
        reply({200, "{}", "application/json"});
    });
    auto stranger = client("secrat");
    const auto refused = wait_for(stranger.get("/api/v1/sweeps"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().message.find("token"), std::string::npos);
    EXPECT_EQ(calls, 0);
    EXPECT_TRUE(wait_for(stranger.get("/healthz")));
    EXPECT_EQ(calls, 1);
}

TEST_F(ServerTest, TheScrapeTokenReadsMetricsAndNothingElse) {
    std::vector<std::string> seen;
    listen([&](const Request& request, Reply reply) {
        seen.push_back(request.path);
        reply({200, "{}", "application/json"});
    });
    auto scraper = client("for metrics");
    EXPECT_TRUE(wait_for(scraper.get("/metrics")));
    EXPECT_TRUE(wait_for(scraper.get("/sd")));
    EXPECT_FALSE(wait_for(scraper.get("/api/v1/sweeps")));
    EXPECT_FALSE(wait_for(scraper.get("/metrics/../api/v1/sweeps")));
    EXPECT_FALSE(wait_for(scraper.post("/metrics", {})));
    EXPECT_TRUE(wait_for(client().get("/metrics"))) << "the full one opens all";
    EXPECT_EQ(seen, (std::vector<std::string>{"/metrics", "/sd", "/metrics"}));
}

TEST_F(ServerTest, AnErrorsTextReachesTheClient) {
    listen([](const Request&, Reply reply) { reply(error_response(404, "there is no such sweep")); }
    );
    auto caller = client();
    const auto got = wait_for(caller.get("/api/v1/sweeps/9"));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, "there is no such sweep");
}

TEST_F(ServerTest, AHandlerThatThrowsCostsItsRequestAndNoMore) {
    listen([](const Request& request, Reply reply) {
        if (request.path == "/bad") throw std::runtime_error("unforeseen \xff");
        reply({200, "{}", "application/json"});
    });
    auto caller = client();
    const auto failed = wait_for(caller.get("/bad"));
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("unforeseen"), std::string::npos);
    EXPECT_TRUE(wait_for(caller.get("/good")));
}

TEST_F(ServerTest, AStreamBeginsWithItsBodyAndEndsWhenTheClientHasEnough) {
    listen([this](const Request&, Reply reply) {
        const auto follower = std::make_shared<Follower>("sweep/1");
        follower->push(event_message("snapshot", "{\"n\":0}"));
        feed_.follow(follower);
        reply({200, "", "", follower});
    });
    std::vector<std::string> seen;
    cli::Client::OnEvent on_event = [&](const std::string& name, const nlohmann::json& data) {
        seen.push_back(name + data.dump());
        if (name == "snapshot") {
            feed_.publish("sweep/2", "job", "{\"other\":true}");
            feed_.publish("sweep/1", "job", "{\"n\":1}");
            feed_.publish("sweep/1", "ended", "{}");
        }
        return name != "ended";
    };
    auto caller = client();
    EXPECT_TRUE(wait_for(caller.follow("/api/v1/sweeps/1/events", on_event)));
    EXPECT_EQ(seen, (std::vector<std::string>{"snapshot{\"n\":0}", "job{\"n\":1}", "ended{}"}));
}

TEST_F(ServerTest, AStreamThatIsFinishedSendsWhatIsQueuedAndEnds) {
    listen([](const Request&, Reply reply) {
        const auto follower = std::make_shared<Follower>("");
        follower->push(event_message("log", "{\"text\":\"last words\"}"));
        follower->finish();
        reply({200, "", "", follower});
    });
    std::vector<std::string> seen;
    cli::Client::OnEvent on_event = [&](const std::string& name, const nlohmann::json&) {
        seen.push_back(name);
        return true;
    };
    auto caller = client();
    EXPECT_TRUE(wait_for(caller.follow("/log", on_event)));
    EXPECT_EQ(seen, std::vector<std::string>{"log"});
}

TEST_F(ServerTest, NobodyListensIsSaidWithTheAddress) {
    listen([](const Request&, Reply reply) { reply({200, "{}", "application/json"}); });
    auto caller = client();
    server_.reset();
    const auto got = wait_for(caller.get("/"));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::peer_gone);
    EXPECT_NE(got.error().message.find("127.0.0.1:"), std::string::npos);
}

TEST_F(ServerTest, APortInUseIsAnErrorOfItsOwn) {
    listen([](const Request&, Reply) {});
    auto second = Server::listen(io_, {"127.0.0.1", server_->port(), ""}, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::in_use);
}

TEST(Feed, AFollowerThatIsGoneIsForgotten) {
    Feed feed;
    auto follower = std::make_shared<Follower>("t");
    feed.follow(follower);
    feed.publish("t", "job", "{}");
    EXPECT_EQ(follower->take_all(), "event: job\ndata: {}\n\n");
    const std::weak_ptr<Follower> seen = follower;
    follower.reset();
    EXPECT_TRUE(seen.expired());
    feed.publish("t", "job", "{}");
}

TEST(Follower, DropsOneThatReadsTooSlowlyInsteadOfGrowing) {
    Follower follower("t");
    for (std::size_t i = 0; i <= kFollowerQueueMax; ++i) follower.push("x");
    EXPECT_TRUE(follower.overflowed());
    EXPECT_EQ(follower.take_all().size(), kFollowerQueueMax);
}

}  // namespace
}  // namespace bw::http
