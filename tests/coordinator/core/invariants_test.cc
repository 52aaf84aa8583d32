// Each invariant can be seen to break: a check that never fires proves nothing.
#include <functional>

#include "world_fixture.h"

namespace bw::core {
namespace {

struct Breakage {
    const char* sentence;
    std::function<void(State&)> harm;
};

// Job 1 runs with two ranks on agent 1, job 2 waits, job 3 of sweep 2 has finished.
State healthy() {
    World w;
    w.agent("a", 2);
    w.submit({.points = 1, .batch_size = 16});
    w.finished(w.expect_started({1}));
    w.submit({.points = 2, .world_size = 2});
    w.running(w.expect_started({2}));
    w.checkpoint({{2}, 1}, 5);
    w.ignore_effects();
    return w.state;
}

AttemptRecord& attempt(State& s) { return s.jobs.at({2}).attempts.back(); }

const std::vector<Breakage>& breakages() {
    static const std::vector<Breakage> all = {
        {"its text is parsed", [](State& s) { s.sweeps.at({1}).sweep = nullptr; }},
        {"it is open until it has ended", [](State& s) { s.open.insert({1}); }},
        {"it ends only when there are no more points",
         [](State& s) { s.sweeps.at({1}).exhausted = false; }},
        {"it ends only when all its jobs have", [](State& s) { s.sweeps.at({2}).ended = true; }},
        {"its jobs are there and its own", [](State& s) { s.sweeps.at({1}).jobs.push_back({2}); }},
        {"ordinals grow along its jobs", [](State& s) { s.jobs.at({3}).ordinal = 0; }},
        {"it is unfinished until it ends", [](State& s) { s.unfinished.erase({3}); }},
        {"a terminal state has a reason", [](State& s) { s.jobs.at({1}).reason = ""; }},
        {"it has a live attempt exactly while it is placed",
         [](State& s) { s.jobs.at({2}).state = JobState::queued; }},
        {"it runs when its attempt does", [](State& s) { attempt(s).running = false; }},
        {"attempts are numbered without gaps", [](State& s) { attempt(s).number = 2; }},
        {"only the newest attempt is live",
         [](State& s) { s.jobs.at({2}).attempts.push_back(attempt(s)); }},
        {"its checkpoint is the newest",
         [](State& s) {
             attempt(s).resume = Checkpoint{9, "/9"};
         }},
        {"a gang has all its ranks", [](State& s) { attempt(s).ranks.pop_back(); }},
        {"each rank of a gang has a slot of its own",
         [](State& s) { attempt(s).ranks[1] = attempt(s).ranks[0]; }},
        {"an attempt ends after its last rank", [](State& s) { attempt(s).ended = true; }},
        {"its ranks run on live agents", [](State& s) { s.agents.at({1}).live = false; }},
        {"each of its running ranks holds its slot",
         [](State& s) { s.agents.at({1}).busy[0].reset(); }},
        {"a busy slot holds a running rank",
         [](State& s) {
             s.agents.at({1}).busy[0] = AttemptId{{3}, 1};
         }},
        {"an agent that is gone holds nothing", [](State& s) { s.agents.at({1}).live = false; }},
        {"each slot is free or busy", [](State& s) { s.agents.at({1}).busy.emplace_back(); }},
        {"its epoch was given out", [](State& s) { s.agents.at({1}).epoch = 99; }},
        {"every unfinished job is there", [](State& s) { s.unfinished.insert({77}); }},
        {"every open sweep is there", [](State& s) { s.open.insert({77}); }},
        {"no two agents have one epoch",
         [](State& s) { (s.agents[{2}] = s.agents.at({1})).id = {2}; }},
    };
    return all;
}

TEST(Invariants, HoldInAHealthyState) {
    EXPECT_EQ(broken_invariants(healthy()), std::vector<std::string>());
}

TEST(Invariants, EachIsSeenToBreak) {
    for (const Breakage& breakage : breakages()) {
        State state = healthy();
        breakage.harm(state);
        bool is_seen = false;
        for (const std::string& broken : broken_invariants(state)) {
            is_seen = is_seen || broken.find(breakage.sentence) != std::string::npos;
        }
        EXPECT_TRUE(is_seen) << breakage.sentence;
    }
}

TEST(InvariantsDeathTest, AnIllegalTransitionEndsTheProcess) {
    State state = healthy();
    const Event ended_again = JobEnded{{1}, JobState::failed, "again", std::nullopt, {}, {}};
    EXPECT_DEATH(core::apply(state, ended_again), "along the table of transitions");
}

TEST(InvariantsDeathTest, ADoubleBookingEndsTheProcess) {
    State state = healthy();
    const Event placed = AttemptPlaced{{3}, 1, {{{1}, 0}, {{1}, 1}}, {}, std::nullopt, {}};
    EXPECT_DEATH(core::apply(state, placed), "on a free slot");
}

}  // namespace
}  // namespace bw::core
