// Events of searching and of early stopping through the journal's codec, and what a snapshot keeps
// of them.
#include <gtest/gtest.h>

#include "coordinator/core/core.h"
#include "coordinator/journal/event_codec.h"
#include "coordinator/journal/snapshot_codec.h"

namespace bw::codec {
namespace {

core::Event again(const core::Event& event) {
    proto::Event message;
    EXPECT_TRUE(message.ParseFromString(to_proto(event).SerializeAsString()));
    const auto read = from_proto(message);
    EXPECT_TRUE(read.has_value());
    return *read;
}

TEST(SearchCodec, EventsComeBackEqual) {
    const std::vector<core::Event> events = {
        core::SearchEnded{{3}, "every point \xff has been suggested", {5}},
        core::JobHeld{{7}, 2, "waits at rung 1", {6}},
        core::JobPromoted{{7}, "promoted from rung 1", {7}},
        core::AttemptStopping{{7}, 2, core::StopKind::cancel, "behind", core::AfterStop::stop},
        core::AttemptStopping{{7}, 2, core::StopKind::preempt, "waits", core::AfterStop::hold},
    };
    for (const core::Event& event : events) EXPECT_EQ(again(event), event);
}

TEST(SearchCodec, ASnapshotKeepsWhoIsHeldAndWhyTheSearchEnded) {
    core::State state;
    const std::string text =
        "method: grid\nparameters:\n  model: {value: cnn}\n  seed: {values: [1, 2]}\n";
    core::apply(state, core::SweepSubmitted{{1}, "s.yaml", text, "f", {1}});
    core::apply(state, core::PointsSuggested{{1}, {{{1}, 0, "h", "{}"}}, false});
    core::apply(state, core::JobHeld{{1}, 0, "waits at rung 1", {2}});
    core::apply(state, core::SearchEnded{{1}, "the target is reached", {3}});
    const auto restored = from_proto(to_proto(state));
    ASSERT_TRUE(restored.has_value());
    EXPECT_EQ(*restored, state);
    EXPECT_TRUE(restored->jobs.at({1}).held);
    EXPECT_EQ(restored->sweeps.at({1}).search_end, "the target is reached");
    core::apply(state, core::JobPromoted{{1}, "promoted", {4}});
    EXPECT_FALSE(state.jobs.at({1}).held);
    EXPECT_EQ(state.jobs.at({1}).state, core::JobState::queued);
}

}  // namespace
}  // namespace bw::codec
