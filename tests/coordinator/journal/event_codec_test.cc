#include "coordinator/journal/event_codec.h"

#include <set>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "tests/coordinator/journal/random_messages.h"

namespace bw::codec {
namespace {

using google::protobuf::util::MessageDifferencer;

// A map and the messages whose presence core does not tell apart from emptiness: given once, as the
// codec writes it.
proto::Event normalised(proto::Event event) {
    if (event.has_attempt_placed()) event.mutable_attempt_placed()->mutable_plan();
    if (event.has_checkpoint_accepted()) event.mutable_checkpoint_accepted()->mutable_checkpoint();
    // Entries that repeat a key are one entry.
    proto::Event once;
    once.ParseFromString(event.SerializeAsString());
    return once;
}

TEST(EventCodec, EveryFieldOfEveryEventSurvivesBothWays) {
    std::set<int> kinds;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Rng rng(key_of(seed));
        proto::Event filled;
        test::fill_randomly(filled, rng);
        const proto::Event sent = normalised(filled);
        const auto event = from_proto(sent);
        ASSERT_TRUE(event.has_value()) << "seed " << seed << ": " << event.error().message;
        const proto::Event back = to_proto(*event);
        std::string difference;
        MessageDifferencer differencer;
        differencer.ReportDifferencesToString(&difference);
        ASSERT_TRUE(differencer.Compare(sent, back)) << "seed " << seed << "\n" << difference;
        const auto again = from_proto(back);
        ASSERT_TRUE(again.has_value());
        ASSERT_EQ(*again, *event) << "seed " << seed;
        kinds.insert(sent.kind_case());
    }
    EXPECT_EQ(kinds.size(), std::variant_size_v<core::Event>)
        << "some event has no message, or no luck";
}

TEST(EventCodec, EventsWithEveryFieldSetAreEqualAfterwards) {
    const core::RankEnded ended{
        .job = {3},
        .attempt = 2,
        .rank = 1,
        .outcome = core::RankOutcome::died,
        .retry = false,
        .step = 12,
        .reason = "killed by signal 9",
        .result =
            core::JobResult{
                .weights_sha256 = "ab",
                .samples_per_step_min = 1,
                .samples_per_step_max = 2,
                .micro_batch = 3,
                .accumulation = 4,
                .peak_bytes = 5,
                .metrics = {{"test_loss", 0.1}, {"train_loss", 0.2}}},
        .at = {-1}};
    EXPECT_EQ(*from_proto(to_proto(ended)), ended);
    core::AttemptPlaced placed;
    placed.job = {3};
    placed.attempt = 2;
    placed.slots = {{{1}, 0}, {{2}, 7}};
    placed.plan.global_batch = 64;
    placed.plan.world_size = 2;
    placed.plan.group = 32;
    placed.plan.micro_batch = 16;
    placed.plan.accumulation = 2;
    placed.plan.ranks = {{3, 16}, {1, 8}};
    placed.resume = core::Checkpoint{10, "/p"};
    placed.at = {5};
    EXPECT_EQ(std::get<core::AttemptPlaced>(*from_proto(to_proto(core::Event{placed}))), placed);
}

TEST(EventCodec, ABatchKeepsItsOrder) {
    const std::vector<core::Event> events = {
        core::SweepEnded{.sweep = {1}, .at = {2}},
        core::StoreOpened{.job = {1}, .attempt = 1, .host = "h", .port = 2},
        core::SweepEnded{.sweep = {2}, .at = {3}}};
    EXPECT_EQ(*from_proto(to_proto(std::span<const core::Event>(events))), events);
}

TEST(EventCodec, WhatANewerReleaseWroteIsAnError) {
    proto::Event none;
    EXPECT_EQ(from_proto(none).error().code, Errc::corrupt);
    proto::Event state;
    state.mutable_job_ended()->set_state(12);
    EXPECT_EQ(from_proto(state).error().code, Errc::corrupt);
    proto::Event kind;
    kind.mutable_attempt_stopping()->set_kind(0);
    EXPECT_EQ(from_proto(kind).error().code, Errc::corrupt);
    kind.mutable_attempt_stopping()->set_kind(1);
    kind.mutable_attempt_stopping()->set_after(6);
    EXPECT_EQ(from_proto(kind).error().code, Errc::corrupt);
    proto::RankEnded outcome;
    outcome.set_outcome(7);
    EXPECT_NE(from_proto(outcome).error().message.find("7"), std::string::npos);
}

}  // namespace
}  // namespace bw::codec
