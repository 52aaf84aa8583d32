#include "coordinator/api/router.h"

#include <optional>

#include <gtest/gtest.h>

#include "coordinator/http/uri.h"

namespace bw::api {
namespace {

class RouterTest : public testing::Test {
protected:
    RouterTest() {
        const auto keep = [this](const Call& call, const http::Reply& reply) {
            call_ = call;
            reply({});
        };
        router_.add({"GET", "/api/v1/sweeps/{sweep}/jobs", {"limit"}, keep});
        router_.add({"POST", "/api/v1/agents/{agent}/drain", {}, keep});
    }

    http::Response ask(
        const std::string& method, const std::string& path, const std::string& query = ""
    ) {
        std::optional<http::Response> answer;
        router_.handle({method, path, query, ""}, [&](http::Response response) {
            answer = std::move(response);
        });
        return *answer;
    }

    Router router_;
    std::optional<Call> call_;
};

TEST_F(RouterTest, NamesInThePatternGetTheDecodedSegment) {
    EXPECT_EQ(ask("GET", "/api/v1/sweeps/my%20sweep/jobs", "limit=7").status, 200);
    EXPECT_EQ(call_->at("sweep"), "my sweep");
    EXPECT_EQ(*number_of(*call_, "limit", 1, 10), 7U);
    EXPECT_EQ(ask("POST", "/api/v1/agents/" + http::encode("host/0") + "/drain").status, 200);
    EXPECT_EQ(call_->at("agent"), "host/0");
}

TEST_F(RouterTest, MistakesAreToldApart) {
    EXPECT_EQ(ask("GET", "/api/v1/sweeps//jobs").status, 404);
    EXPECT_EQ(ask("GET", "/api/v1/sweeps/%zz/jobs").status, 404);
    const auto method = ask("POST", "/api/v1/sweeps/1/jobs");
    EXPECT_EQ(method.status, 405);
    EXPECT_NE(method.body.find("only GET"), std::string::npos);
    const auto query = ask("GET", "/api/v1/sweeps/1/jobs", "limt=3");
    EXPECT_EQ(query.status, 400);
    EXPECT_NE(query.body.find("did you mean"), std::string::npos);
    EXPECT_EQ(ask("GET", "/api/v1/sweeps/1/jobs", "limit=%4").status, 400);
    EXPECT_FALSE(call_);
}

TEST_F(RouterTest, AWatcherIsToldOfEveryReplyByThePatternOfItsRoute) {
    std::vector<Answered> seen;
    router_.watch([&](const Answered& answered) { seen.push_back(answered); });
    ask("GET", "/api/v1/sweeps/7/jobs");
    ask("GET", "/api/v1/sweeps/8/jobs", "limt=3");
    ask("BREW", "/coffee");
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].route, "/api/v1/sweeps/{sweep}/jobs");
    EXPECT_EQ(seen[1].route, seen[0].route);
    EXPECT_EQ(seen[1].status, 400);
    EXPECT_EQ(seen[2].route, "unknown");
    EXPECT_EQ(seen[2].status, 404);
}

TEST_F(RouterTest, NumbersHaveLimits) {
    Call call;
    EXPECT_EQ(*number_of(call, "limit", 5, 10), 5U);
    for (const char* wrong : {"-1", "11", "x", ""}) {
        call.query["limit"] = wrong;
        EXPECT_FALSE(number_of(call, "limit", 5, 10)) << wrong;
    }
}

TEST(Uri, EncodingComesBack) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    EXPECT_EQ(*http::decode(http::encode(all)), all);
    EXPECT_FALSE(http::decode("%4"));
    EXPECT_EQ((*http::parse_query("a=1&b&&a=%32"))["a"], "2");
}

}  // namespace
}  // namespace bw::api
