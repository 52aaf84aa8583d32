// A finished sweep of four points, made by applying events: one good, one better, one failed, one
// of another model.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/core.h"

namespace bw::test {

class SmallSweep {
public:
    SmallSweep() {
        apply(core::SweepSubmitted{
            {7},
            "sweep.yaml",
            kText,
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            {1}});
        apply(core::PointsSuggested{
            {7},
            {point(1, R"({"model":"cnn","learning_rate":0.1,"batch_size":64})"),
             point(2, R"({"model":"cnn","learning_rate":0.01,"batch_size":64})"),
             point(3, R"({"model":"cnn","learning_rate":1e+30,"batch_size":64})"),
             point(4, R"({"model":"lenet_bn","learning_rate":0.1,"batch_size":64})")},
            true});
        apply(core::AgentJoined{
            {1}, 1, "agent", "127.0.0.1", {{"cpu", 0, 1}, {"cpu", 0, 1}}, {2}, 0});
        run(1, 1);
        apply(core::RankEnded{
            {1}, 1, 0, core::RankOutcome::died, true, 5, "killed by signal 9", {}, {4}});
        apply(core::JobRequeued{{1}, 1, false, "killed by signal 9", {}});
        run(1, 2, {{1, 5, milliseconds(1250), "died"}});
        finish(
            1,
            2,
            {{"train_loss", 0.5},
             {"test_loss", 0.625},
             {"test_accuracy", 0.75},
             {"samples_per_second", 1000}}
        );
        run(2, 1);
        finish(
            2,
            1,
            {{"train_loss", 0.25},
             {"test_loss", 0.375},
             {"test_accuracy", 0.875},
             {"samples_per_second", 2000.5}}
        );
        run(3, 1);
        apply(core::RankEnded{
            {3}, 1, 0, core::RankOutcome::failed, false, 2, "loss is nan at step 2", {}, {6}});
        apply(core::JobEnded{{3}, core::JobState::failed, "loss is nan at step 2", {}, {6}, {}});
        run(4, 1);
        finish(4, 1, {{"train_loss", 0.75}});  // never evaluated
        apply(core::SweepEnded{{7}, {9}});
    }

    core::State state;

    [[nodiscard]] const core::SweepRecord& sweep() const { return state.sweeps.at({7}); }

    void measure(std::uint64_t job, int epoch, std::map<std::string, double> values) {
        const auto attempt = static_cast<std::uint32_t>(state.jobs.at({job}).attempts.size());
        apply(core::EpochMeasured{{job}, attempt, epoch, 10 * (epoch + 1), std::move(values)});
    }

    void apply(const core::Event& event) { core::apply(state, event); }

private:
    static constexpr const char* kText =
        "method: grid\n"
        "metric: {name: test_accuracy, goal: maximize}\n"
        "parameters:\n"
        "  model: {values: [cnn, lenet_bn]}\n"
        "  learning_rate: {values: [0.1, 0.01]}\n";

    static core::SuggestedPoint point(std::uint64_t job, const std::string& params) {
        return {{job}, job - 1, "hash" + std::to_string(job), params};
    }

    void run(std::uint64_t job, std::uint32_t attempt, std::vector<core::LostWork> lost = {}) {
        apply(core::AttemptPlaced{{job}, attempt, {{{1}, 0}}, {64, 1, 32, 32, 2}, {}, {3}});
        apply(core::AttemptRunning{{job}, attempt, 0, 20, "data", {3}, std::move(lost)});
    }

    void finish(std::uint64_t job, std::uint32_t attempt, std::map<std::string, double> metrics) {
        const core::JobResult result{
            "sha" + std::to_string(job), 63, 64, 16, 4, 1 << 20, std::move(metrics)};
        apply(core::RankEnded{
            {job}, attempt, 0, core::RankOutcome::finished, true, 20, "", result, {5}});
        apply(core::JobEnded{{job}, core::JobState::finished, "", result, {5}, {}});
    }
};

}  // namespace bw::test
