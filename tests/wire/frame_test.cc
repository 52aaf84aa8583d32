#include "wire/frame.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bw::wire {
namespace {

proto::Frame some_frame() {
    proto::Frame frame;
    auto& ended = *frame.mutable_fact()->mutable_rank_ended();
    frame.mutable_fact()->set_sequence(300);
    ended.set_job(7);
    ended.set_reason("killed by signal 9");
    (*ended.mutable_result()->mutable_metrics())["test_loss"] = 0.1;
    return frame;
}

TEST(Frame, AHelloHasTheseBytes) {
    proto::Frame frame;
    frame.mutable_hello()->set_protocol_version(1);
    frame.mutable_hello()->set_token("t");
    EXPECT_EQ(encode_frame(frame), std::string("\0\0\0\x07\x0a\x05\x08\x01\x1a\x01t", 11));
}

TEST(Frame, RoundTripKeepsTheMessage) {
    const std::string bytes = encode_frame(some_frame());
    const auto size = decode_header(std::string_view(bytes).substr(0, kHeaderBytes));
    ASSERT_TRUE(size.has_value());
    ASSERT_EQ(*size, bytes.size() - kHeaderBytes);
    const auto frame = decode_body(std::string_view(bytes).substr(kHeaderBytes));
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->fact().sequence(), 300u);
    EXPECT_EQ(frame->fact().rank_ended().reason(), "killed by signal 9");
    EXPECT_EQ(frame->fact().rank_ended().result().metrics().at("test_loss"), 0.1);
}

TEST(Frame, TextThatIsNoUtf8Survives) {
    proto::Frame frame;
    frame.mutable_farewell()->set_reason("\xff\xfe");
    const std::string bytes = encode_frame(frame);
    const auto decoded = decode_body(std::string_view(bytes).substr(kHeaderBytes));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->farewell().reason(), "\xff\xfe");
}

TEST(Frame, HeaderOfAnImpossibleLengthIsCorrupt) {
    using std::string_view_literals::operator""sv;
    EXPECT_EQ(decode_header("\0\0\0\0"sv).error().code, Errc::corrupt);
    EXPECT_EQ(decode_header("\x01\0\0\x01"sv).error().code, Errc::corrupt);
    EXPECT_EQ(decode_header("GET "sv).error().code, Errc::corrupt);
    EXPECT_EQ(*decode_header("\x01\0\0\0"sv), kFrameBytesMax);
    EXPECT_EQ(*decode_header("\0\0\0\x01"sv), 1u);
}

TEST(Frame, DamagedBodiesNeverCrash) {
    proto::Frame frame = some_frame();
    frame.mutable_fact()->mutable_rank_ended()->clear_result(
    );  // Protobuf logs damaged map keys, 1 line each
    const std::string body = encode_frame(frame).substr(kHeaderBytes);
    EXPECT_FALSE(decode_body(std::string_view(body).substr(0, body.size() - 1)).has_value());
    Rng rng(key_of(1));
    for (int round = 0; round < 20'000; ++round) {
        std::string damaged = body.substr(0, 1 + rng.below(body.size()));
        for (int flips = 0; flips < 3; ++flips) {
            damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
        }
        static_cast<void>(decode_body(damaged));
    }
}

}  // namespace
}  // namespace bw::wire
