// Texts, sizes and results: what people read in messages.
#include "base/text.h"

#include <array>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace bw {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"retries", "world_size", "seed", "bn"};

TEST(Text, TheNearestNameIsWhatWasMeant) {
    EXPECT_EQ(nearest_name("retires", kNames), "retries");  // a transposition
    EXPECT_EQ(nearest_name("wold_size", kNames), "world_size");
    EXPECT_EQ(nearest_name("Seed", kNames), "seed");
    EXPECT_EQ(nearest_name("gpu_count", kNames), "");
    EXPECT_EQ(nearest_name("", kNames), "");
    EXPECT_EQ(did_you_mean("retires", kNames), "; did you mean \"retries\"?");
    EXPECT_EQ(did_you_mean("gpu_count", kNames), "");
}

TEST(Text, AHugeWordIsNoTrouble) { EXPECT_EQ(nearest_name(std::string(100'000, 'x'), kNames), ""); }

TEST(Text, QuotesAreSafeToPrint) {
    EXPECT_EQ(bw::quoted("a"), "\"a\"");
    EXPECT_EQ(bw::quoted("a\"b\\\n"), "\"a\\\"b\\\\\\x0a\"");
    EXPECT_EQ(bw::quoted(std::string(100, 'y')), "\"" + std::string(80, 'y') + "...\"");
    std::string accents = "x";
    for (int i = 0; i < 60; ++i) accents += "\u00e9";  // two bytes each, from an odd place on
    EXPECT_EQ(bw::quoted(accents), "\"" + accents.substr(0, 79) + "...\"");
}

TEST(Bytes, AreReadInBinaryAndDecimalUnits) {
    EXPECT_EQ(parse_bytes("512MiB").value(), 512 * 1024 * 1024);
    EXPECT_EQ(parse_bytes("0.5GiB").value(), 512 * 1024 * 1024);
    EXPECT_EQ(parse_bytes("12 GB").value(), 12'000'000'000);
    EXPECT_EQ(parse_bytes("1024").value(), 1024);
    EXPECT_EQ(parse_bytes("1.9B").value(), 1);
}

TEST(Bytes, WhatIsNoSizeIsRefusedWithAnExample) {
    for (const char* text :
         {"", "GiB", "-1GiB", "1XB", "1e30TiB", "nan", "inf", "1 G iB", "1GiBx"}) {
        const Result<std::int64_t> size = parse_bytes(text);
        ASSERT_FALSE(size.has_value()) << text;
        EXPECT_EQ(size.error().code, Errc::invalid_input);
        EXPECT_NE(size.error().message.find("512MiB"), std::string::npos);
    }
}

TEST(Bytes, AreWrittenWithTwoDecimals) {
    EXPECT_EQ(format_bytes(1536LL * 1024 * 1024), "1.50 GiB");
    EXPECT_EQ(format_bytes(-2048), "-2.00 KiB");
    EXPECT_EQ(format_bytes(1023), "1023 B");
    EXPECT_EQ(parse_bytes(format_bytes(3LL << 40)).value(), 3LL << 40);
}

TEST(Time, IsExactInNanoseconds) {
    const Instant start{1'700'000'000'000'000'000};
    EXPECT_EQ((start + milliseconds(1500)) - start, (Duration{1'500'000'000}));
    EXPECT_DOUBLE_EQ(milliseconds(1500).seconds(), 1.5);
    EXPECT_LT(start, start + Duration{1});
}

TEST(ResultDeathTest, AnUncheckedErrorEndsTheProcessWithItsMessage) {
    const Result<int> result = fail(Errc::io, "disk \"a\": full");
    EXPECT_DEATH((void)result.value(), "disk \"a\": full");
}

}  // namespace
}  // namespace bw
