#include "metrics/scrape_token.h"

#include <gtest/gtest.h>

namespace bw::metrics {
namespace {

TEST(ScrapeToken, FollowsFromTheTokenAndDoesNotTellIt) {
    const std::string made = scrape_token_of("secret");
    EXPECT_EQ(made, scrape_token_of("secret"));
    EXPECT_NE(made, scrape_token_of("secreu"));
    EXPECT_EQ(made.size(), 64U);
    EXPECT_EQ(made.find("secret"), std::string::npos);
    EXPECT_EQ(scrape_token_of(""), "") << "where none is wanted, none is made";
}

TEST(ScrapeToken, OnlyTheWholeTokenAsABearerCounts) {
    EXPECT_TRUE(is_bearer("Bearer abc", "abc"));
    for (const char* header : {"", "abc", "Bearer ab", "Bearer abcd", "Bearer abd", "bearer abc"})
        EXPECT_FALSE(is_bearer(header, "abc")) << header;
}

}  // namespace
}  // namespace bw::metrics
