// What becomes of events on the coordinator's /metrics, and what a restart leaves of it.
#include "coordinator/observe/meter.h"

#include <memory>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/observe/discovery.h"
#include "metrics/table.h"

namespace bw::observe {
namespace {

using core::JobState;
using core::RankOutcome;

constexpr Instant at(std::int64_t s) { return Instant{} + seconds(s); }

constexpr const char* kText =
    "method: grid\n"
    "parameters:\n"
    "  model: {value: cnn}\n"
    "  learning_rate: {values: [0.1, 0.01]}\n";

/// Sweep 7 with the jobs 1 and 2, and agent 1 with two slots.
class MeterTest : public testing::Test {
protected:
    void SetUp() override {
        give(core::SweepSubmitted{{7}, "sweep.yaml", kText, "f", at(0)}, 0);
        core::PointsSuggested points{{7}, {}, true};
        for (std::uint64_t job : {1, 2})
            points.points.push_back({{job}, job - 1, "hash", R"({"model":"cnn"})"});
        give(points, 0);
        give(core::AgentJoined{{1}, 1, "gpu-7", "10.0.0.7", {{"cpu"}, {"cpu"}}, at(2), 9100}, 2);
    }

    void give(const core::Event& event, std::int64_t second) {
        api::apply(books_, event);
        meter_->note(books_, event, at(second));
        now_ = at(second);
    }

    void place(std::uint64_t job, std::uint32_t attempt, std::int64_t second) {
        const auto slot = static_cast<std::uint32_t>(job - 1);
        give(
            core::AttemptPlaced{{job}, attempt, {{{1}, slot}}, {64, 1, 64, 64, 1}, {}, at(second)},
            second
        );
    }

    void run(
        std::uint64_t job,
        std::uint32_t attempt,
        std::int64_t second,
        std::vector<core::LostWork> lost = {}
    ) {
        give(
            core::AttemptRunning{{job}, attempt, 0, 20, "data", at(second), std::move(lost)}, second
        );
    }

    void end(std::uint64_t job, std::uint32_t attempt, RankOutcome outcome, std::int64_t second) {
        give(core::RankEnded{{job}, attempt, 0, outcome, true, 5, "", {}, at(second)}, second);
    }

    void finish(std::uint64_t job, std::uint32_t attempt, std::int64_t second) {
        end(job, attempt, RankOutcome::finished, second);
        give(core::JobEnded{{job}, JobState::finished, "", {}, at(second), {}}, second);
    }

    void restart() { meter_ = std::make_unique<Meter>(books_, 12, now_); }

    /// The value of a series as it is written; "none" when it is not there.
    std::string value(const std::string& series) {
        std::istringstream page(meter_->expose(books_, 4096, now_).body);
        const std::string start = "batchwright_" + series + " ";
        for (std::string line; std::getline(page, line);) {
            if (line.starts_with(start)) return line.substr(start.size());
        }
        return "none";
    }

    static std::string of_job(const std::string& name, int job, const std::string& more = "") {
        const std::string number = std::to_string(job);
        return name + "{sweep=\"7\",point=\"" + std::to_string(job - 1) + "\",job=\"" + number +
               "\"" + more + "}";
    }

    api::Books books_ = api::make_books({});
    std::unique_ptr<Meter> meter_ = std::make_unique<Meter>(books_, 0, Instant{});
    Instant now_;
};

// Without them `rate` and `increase` would miss each counter's first step.
TEST_F(MeterTest, AnOpenSweepHasAllItsCountersAtZero) {
    for (const char* series :
         {R"(attempts_started_total{sweep="7"})",
          R"(attempts_ended_total{sweep="7",outcome="lost"})",
          R"(jobs_ended_total{sweep="7",state="refused"})",
          R"(work_device_seconds_total{sweep="7"})",
          R"(lost_work_device_seconds_total{sweep="7",cause="died"})"}) {
        EXPECT_EQ(value(series), "0") << series;
    }
    EXPECT_EQ(value(R"(jobs{sweep="7",state="queued"})"), "2");
    EXPECT_EQ(value(R"(sweeps{state="open"})"), "1");
}

TEST_F(MeterTest, AProfileFromTheStateDirectoryIsOfNoJob) {
    restart();
    give(core::ProfileLearned{{}, 0, "profile", at(3)}, 3);
    EXPECT_EQ(value(R"(jobs{sweep="7",state="queued"})"), "2");
}

TEST_F(MeterTest, TheQueueIsTheJobsThatCouldRun) {
    now_ = at(5);
    EXPECT_EQ(value("queue_oldest_seconds"), "5");
    EXPECT_EQ(value(of_job("job_state", 1)), "none") << "not before its first placement";
    place(1, 1, 8);
    place(2, 1, 9);
    EXPECT_EQ(value("queue_oldest_seconds"), "0");
    EXPECT_EQ(value("queue_wait_seconds_sum"), "17");
    EXPECT_EQ(value(of_job("job_queue_seconds_total", 2)), "9");
    end(1, 1, RankOutcome::failed, 10);
    give(core::JobRequeued{{1}, 1, true, "", at(14)}, 10);
    EXPECT_EQ(value("queue_oldest_seconds"), "0") << "it may not run before 14";
    now_ = at(20);
    EXPECT_EQ(value("queue_oldest_seconds"), "6");
    EXPECT_EQ(value(of_job("job_queue_seconds_total", 1)), "14") << "8 before, 6 now";
    give(core::JobPaused{{1}, 0, "", at(20)}, 20);
    EXPECT_EQ(value("queue_oldest_seconds"), "0");
}

TEST_F(MeterTest, AnAttemptIsCountedWithItsTimeAndItsEnd) {
    place(1, 1, 3);
    meter_->note_dispatch(books_, {{1}, 1}, at(4));
    EXPECT_EQ(value(of_job("job_slots", 1)), "1");
    EXPECT_EQ(value(of_job("job_dispatch_seconds", 1)), "1");
    EXPECT_EQ(value(of_job("job_info", 1, R"(,model="cnn")")), "1");
    run(1, 1, 5);
    EXPECT_EQ(value(of_job("job_state", 1)), "3");
    EXPECT_EQ(value(of_job("job_start_seconds", 1)), "2");
    EXPECT_EQ(value(R"(slots_busy{agent="gpu-7"})"), "1");
    now_ = at(13);
    EXPECT_EQ(value(R"(work_device_seconds_total{sweep="7"})"), "10") << "it is at work";
    end(1, 1, RankOutcome::died, 15);
    give(core::JobRequeued{{1}, 1, false, "", {}}, 15);
    EXPECT_EQ(value(R"(attempts_ended_total{sweep="7",outcome="died"})"), "1");
    EXPECT_EQ(value(of_job("job_failures", 1)), "1");
    EXPECT_EQ(value(of_job("job_slots", 1)), "0");
    EXPECT_EQ(value(of_job("job_work_device_seconds_total", 1)), "12");
    place(1, 2, 16);
    run(1, 2, 17, {{1, 5, seconds(4), "died"}});
    EXPECT_EQ(value(of_job("job_lost_work_device_seconds_total", 1, R"(,cause="died")")), "4");
    EXPECT_EQ(value(R"(lost_work_device_seconds_total{sweep="7",cause="died"})"), "4");
    EXPECT_EQ(value(R"(attempts_started_total{sweep="7"})"), "2");
}

// Prometheus takes a smaller value for a new beginning, and counts all of it once more.
TEST_F(MeterTest, ARestartChangesNoCounterThatTheStateTells) {
    place(1, 1, 3);
    place(2, 1, 3);
    run(1, 1, 5);
    end(1, 1, RankOutcome::died, 15);
    give(core::JobRequeued{{1}, 1, false, "", {}}, 15);
    place(1, 2, 16);
    run(1, 2, 17, {{1, 5, seconds(4), "died"}});
    finish(2, 1, 20);
    const std::string series[] = {
        R"(attempts_started_total{sweep="7"})",
        R"(attempts_ended_total{sweep="7",outcome="died"})",
        R"(attempts_ended_total{sweep="7",outcome="finished"})",
        R"(jobs_ended_total{sweep="7",state="finished"})",
        R"(work_device_seconds_total{sweep="7"})",
        R"(lost_work_device_seconds_total{sweep="7",cause="died"})",
        of_job("job_work_device_seconds_total", 1),
        of_job("job_lost_work_device_seconds_total", 1, R"(,cause="died")"),
        of_job("job_attempts", 1),
        of_job("job_state", 1),
        of_job("job_start_seconds", 1)};
    std::vector<std::string> before, after;
    for (const std::string& one : series) before.push_back(value(one));
    restart();
    for (const std::string& one : series) after.push_back(value(one));
    EXPECT_EQ(before, after);
    EXPECT_THAT(before, testing::Not(testing::Contains("none")));
    EXPECT_EQ(value("journal_events_total"), "12");
}

TEST_F(MeterTest, WhatHasEndedGoesAfterAWhile) {
    place(1, 1, 3);
    finish(1, 1, 10);
    give(core::JobEnded{{2}, JobState::cancelled, "", {}, at(10), {}}, 10);
    give(core::SweepEnded{{7}, at(10)}, 10);
    give(core::AgentLost{{1}, 1, "", at(10)}, 10);
    now_ = at(100);
    EXPECT_EQ(value(of_job("job_state", 1)), "7");
    EXPECT_EQ(value(R"(jobs{sweep="7",state="finished"})"), "1");
    EXPECT_EQ(value(R"(work_device_seconds_total{sweep="7"})"), "7");
    EXPECT_EQ(value(R"(agent_up{agent="gpu-7"})"), "0");
    EXPECT_EQ(value("agents_live"), "0");
    now_ = at(200);
    EXPECT_EQ(value(of_job("job_state", 1)), "none");
    EXPECT_EQ(value(R"(jobs{sweep="7",state="finished"})"), "none");
    EXPECT_EQ(value(R"(agent_up{agent="gpu-7"})"), "none");
    EXPECT_EQ(value(R"(sweeps{state="ended"})"), "1");
}

TEST_F(MeterTest, WhatIsReopenedStays) {
    place(1, 1, 3);
    end(1, 1, RankOutcome::failed, 10);
    give(core::JobEnded{{1}, JobState::failed, "", {}, at(10), {}}, 10);
    give(core::JobReopened{{1}, at(20)}, 20);
    now_ = at(500);
    EXPECT_EQ(value(of_job("job_state", 1)), "1");
    EXPECT_EQ(value(of_job("job_info", 1, R"(,model="cnn")")), "1");
}

TEST_F(MeterTest, CommitsAndRequestsAreTimed) {
    meter_->note_commit(milliseconds(2), 3, {milliseconds(1), milliseconds(1)});
    EXPECT_EQ(value("journal_events_total"), "3");
    EXPECT_EQ(value("journal_commit_seconds_count"), "1");
    EXPECT_EQ(value("decision_seconds_count"), "2");
    EXPECT_EQ(value("journal_size_bytes"), "4096");
    meter_->note_request({"GET", "/api/v1/sweeps/{sweep}", 200, false, milliseconds(1)});
    meter_->note_request({"GET", "/api/v1/sweeps/{sweep}/events", 200, true, milliseconds(1)});
    meter_->note_request({"BREW", "unknown", 404, false, milliseconds(1)});
    const std::string labels = R"({method="GET",route="/api/v1/sweeps/{sweep}",status="200"})";
    EXPECT_EQ(value("http_requests_total" + labels), "1");
    EXPECT_EQ(value(R"(http_requests_total{method="other",route="unknown",status="404"})"), "1");
    EXPECT_EQ(
        value(R"(http_request_seconds_count{route="/api/v1/sweeps/{sweep}/events"})"), "none"
    );
}

// A row that nobody records is a promise that nobody keeps.
TEST_F(MeterTest, EveryMetricOfTheCoordinatorIsRecorded) {
    place(1, 1, 3);
    meter_->note_dispatch(books_, {{1}, 1}, at(4));
    run(1, 1, 5);
    meter_->note_request({"GET", "/sd", 200, false, milliseconds(1)});
    const std::string page = meter_->expose(books_, 4096, now_).body;
    for (const metrics::Metric& metric : metrics::kTable) {
        if (metric.origin == metrics::Origin::agent) continue;
        EXPECT_NE(page.find("# TYPE batchwright_" + std::string(metric.name) + " "), page.npos)
            << metric.name;
    }
}

TEST_F(MeterTest, DiscoveryNamesTheLiveAgentsThatServeMetrics) {
    EXPECT_EQ(targets_of(books_.state).dump(), R"([{"labels":{},"targets":["10.0.0.7:9100"]}])");
    give(core::AgentJoined{{2}, 2, "six", "fd00::7", {{"cpu"}}, at(3), 9101}, 3);
    give(core::AgentJoined{{3}, 3, "none", "10.0.0.8", {{"cpu"}}, at(3), 0}, 3);
    give(core::AgentLost{{1}, 1, "", at(4)}, 4);
    EXPECT_EQ(targets_of(books_.state).dump(), R"([{"labels":{},"targets":["[fd00::7]:9101"]}])");
}

}  // namespace
}  // namespace bw::observe
