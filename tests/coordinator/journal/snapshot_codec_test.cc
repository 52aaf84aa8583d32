#include "coordinator/journal/snapshot_codec.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "tests/coordinator/journal/random_history.h"
#include "tests/coordinator/journal/random_messages.h"

namespace bw::codec {
namespace {

TEST(SnapshotCodec, StatesOfRandomHistoriesAreEqualAfterTheRoundTrip) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        test::RandomHistory history(seed);
        for (int part = 0; part < 10; ++part) {
            history.batches(40);
            proto::Snapshot parsed;
            ASSERT_TRUE(parsed.ParseFromString(to_proto(history.state()).SerializeAsString()));
            const auto restored = from_proto(parsed);
            ASSERT_TRUE(restored.has_value()) << restored.error().message;
            ASSERT_EQ(*restored, history.state())
                << "seed " << seed << ", after batch " << 40 * (part + 1);
        }
    }
}

TEST(SnapshotCodec, ARestoredSweepIsParsed) {
    test::RandomHistory history(1);
    history.batches(200);
    const auto restored = from_proto(to_proto(history.state()));
    ASSERT_TRUE(restored.has_value());
    for (const auto& [id, sweep] : restored->sweeps) {
        ASSERT_NE(sweep.sweep, nullptr);
        EXPECT_EQ(sweep.sweep->fingerprint, history.state().sweeps.at(id).sweep->fingerprint);
        EXPECT_EQ(
            sweep.sweep->parameters.size(), history.state().sweeps.at(id).sweep->parameters.size()
        );
    }
}

// The values that a snapshot's enumerator fields may have are fewer than the filler of events
// knows.
template <class Record>
void make_causes_distinct(Record& record) {
    for (int i = 0; i < record.lost_size(); ++i)
        record.mutable_lost(i)->set_cause("cause " + std::to_string(i));
}

void make_valid(proto::Snapshot& message, Rng& rng) {
    for (auto& sweep : *message.mutable_sweeps()) make_causes_distinct(sweep);
    for (auto& job : *message.mutable_jobs()) {
        make_causes_distinct(job);
        job.set_state(static_cast<int>(1 + rng.below(11)));
        for (auto& attempt : *job.mutable_attempts()) {
            attempt.mutable_plan();
            attempt.set_stopping(static_cast<int>(rng.below(4)));
            attempt.set_after(static_cast<int>(rng.below(4)));
            for (auto& rank : *attempt.mutable_ranks())
                rank.set_outcome(static_cast<int>(1 + rng.below(6)));
        }
    }
    for (auto& agent : *message.mutable_agents()) {
        for (auto& busy : *agent.mutable_busy()) busy.set_job(busy.job() | 1);
    }
}

TEST(SnapshotCodec, EveryFieldSurvives) {
    using google::protobuf::util::MessageDifferencer;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Rng rng(key_of(seed));
        proto::Snapshot filled;
        test::fill_randomly(filled, rng);
        make_valid(filled, rng);
        proto::Snapshot sent;
        sent.ParseFromString(filled.SerializeAsString());  // repeated map keys become one
        const auto state = from_proto(sent);
        ASSERT_TRUE(state.has_value()) << state.error().message;
        std::string difference;
        MessageDifferencer differencer;
        differencer.set_repeated_field_comparison(MessageDifferencer::AS_SET);  // State sorts by id
        differencer.ReportDifferencesToString(&difference);
        ASSERT_TRUE(differencer.Compare(sent, to_proto(*state))) << "seed " << seed << "\n"
                                                                 << difference;
    }
}

TEST(SnapshotCodec, AnUnknownEnumeratorIsCorrupt) {
    proto::Snapshot message;
    message.add_jobs()->set_state(99);
    EXPECT_EQ(from_proto(message).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace bw::codec
