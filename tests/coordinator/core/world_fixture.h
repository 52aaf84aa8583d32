// A world for the core's tests: agents, sweeps and reports in one line each. Every event is applied
// one by one with all invariants checked after each, and every effect must be claimed by the test.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/core/core.h"

namespace bw::core {

struct SweepText {
    int points = 1;  // a grid over this many seeds
    int world_size = 1;
    int batch_size = 128;  // four BatchNorm groups, so up to four ranks
    std::string model = "cnn";
    std::string options = "";  // further lines under batchwright:, "  retries: 1\n"
    int run_cap = 0;           // 0: none
};

std::string text_of(const SweepText& sweep);

/// One attempt as its agents know it.
struct Placed {
    JobId job;
    std::uint32_t attempt = 0;
};

RankEnded end_of(const Placed& p, int rank = 0, RankOutcome outcome = RankOutcome::finished);

class World {
public:
    World() = default;
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    AgentId agent(const std::string& name, int slots, const std::string& kind = "cpu");
    SweepId submit(const SweepText& sweep);
    SweepId submit_text(const std::string& text);
    void give(const Input& input);

    /// What searchers are asked now, and their answers; how many points these brought.
    std::size_t answer_searchers();
    void pass(Duration time);  // then the timer fires, if it is due

    /// The next StartRanks of an attempt, all its agents' parts; fails when there is none.
    Placed expect_started(JobId job);
    void expect_nothing_started();

    // What the agents say of an attempt; the rank's own agent says it.
    void store_opened(const Placed& p, int port = 4711);
    void running(const Placed& p, std::int64_t step = 0);
    void checkpoint(const Placed& p, std::int64_t step);
    void measured(const Placed& p, int epoch, const std::map<std::string, double>& values);
    void ended(const Placed& p, int rank, RankOutcome outcome, const std::string& reason = "");
    void failed_for_good(const Placed& p, int rank, const std::string& reason);
    void finished(const Placed& p);  // all ranks, with a result
    void report(AgentId agent, const decltype(AgentReport::fact)& fact);
    void gone(AgentId agent);

    template <class E>
    std::vector<E> take() {
        std::vector<E> found;
        for (auto it = effects_.begin(); it != effects_.end();) {
            if (const E* effect = std::get_if<E>(&*it)) {
                found.push_back(*effect);
                it = effects_.erase(it);
            } else {
                ++it;
            }
        }
        return found;
    }

    void ignore_effects() { effects_.clear(); }

    [[nodiscard]] const JobRecord& job(std::uint64_t id) const { return state.jobs.at({id}); }

    [[nodiscard]] JobState state_of(std::uint64_t id) const { return job(id).state; }

    [[nodiscard]] std::vector<std::string> explain(std::uint64_t id) const {
        return core::explain(state, {id}, now);
    }

    /// The events of the last input, one line each.
    [[nodiscard]] std::string last() const;

    State state;
    Instant now{1'000'000'000};
    std::vector<Event> last_events;
    std::vector<Event> log;

private:
    std::deque<Effect> effects_;
};

}  // namespace bw::core
