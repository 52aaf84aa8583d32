#include "metrics/sink.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/handler.h"

namespace bw::metrics {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Instant at(std::int64_t s) { return Instant{} + seconds(s); }

constexpr AttemptKey attempt_of_job(std::uint64_t job, std::uint32_t attempt) {
    return {.job = {.sweep = {3}, .point = 16, .job = {job}}, .attempt = attempt};
}

Sink coordinator_sink() { return Sink({.origin = Origin::coordinator}); }

Sink agent_sink() { return Sink({.origin = Origin::agent, .agent = "gpu-7"}); }

// The lines of one metric, in order, without the prefix.
std::vector<std::string> lines_of(const Sink& sink, std::string_view name) {
    std::vector<std::string> lines;
    std::istringstream text(sink.text());
    const std::string start = std::string(kPrefix) + std::string(name);
    for (std::string line; std::getline(text, line);) {
        if (!line.starts_with(start)) continue;
        const char next = line[start.size()];
        if (next == '{' || next == ' ') lines.push_back(line.substr(kPrefix.size()));
    }
    return lines;
}

TEST(Sink, CountsPerLabelValueInTheOrderOfTheTable) {
    Sink sink = coordinator_sink();
    sink.add("attempts_ended_total", 1, SweepId{3}, "died");
    sink.add("attempts_ended_total", 2, SweepId{3}, "finished");
    sink.add("attempts_ended_total", 1, SweepId{3}, "died");
    EXPECT_THAT(
        lines_of(sink, "attempts_ended_total"),
        ElementsAre(
            "attempts_ended_total{sweep=\"3\",outcome=\"died\"} 2",
            "attempts_ended_total{sweep=\"3\",outcome=\"finished\"} 2"
        )
    );
}

TEST(Sink, AnAmountOfZeroMakesTheSeries) {
    Sink sink = coordinator_sink();
    sink.add("attempts_started_total", 0, SweepId{1});
    EXPECT_THAT(
        lines_of(sink, "attempts_started_total"),
        ElementsAre("attempts_started_total{sweep=\"1\"} 0")
    );
}

TEST(Sink, ACounterNeverFallsWhateverATrainerReports) {
    Sink sink = agent_sink();
    const AttemptKey key = attempt_of_job(42, 1);
    sink.raise("train_samples_total", 512, key);
    sink.raise("train_samples_total", 256, key);
    sink.raise("train_samples_total", std::numeric_limits<double>::quiet_NaN(), key);
    sink.raise("train_samples_total", std::numeric_limits<double>::infinity(), key);
    sink.add("train_samples_total", -100, key);
    sink.add("train_samples_total", std::numeric_limits<double>::quiet_NaN(), key);
    EXPECT_THAT(
        lines_of(sink, "train_samples_total"),
        ElementsAre("train_samples_total{agent=\"gpu-7\",sweep=\"3\",point=\"16\",job=\"42\","
                    "attempt=\"1\"} 512")
    );
}

TEST(Sink, ALossMayBeNaN) {
    Sink sink = agent_sink();
    sink.set("train_loss", std::numeric_limits<double>::quiet_NaN(), attempt_of_job(1, 1));
    const auto lines = lines_of(sink, "train_loss");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(std::isnan(std::stod(lines[0].substr(lines[0].find('}') + 1)))) << lines[0];
}

TEST(Sink, AHistogramCountsUpToEachBoundAndIgnoresNonsense) {
    Sink sink = agent_sink();
    const JobKey job{.sweep = {1}, .point = 0, .job = {1}};
    sink.observe("resume_seconds", 0.2, job);
    sink.observe("resume_seconds", 3, job);
    sink.observe("resume_seconds", 1e6, job);
    sink.observe("resume_seconds", -1, job);
    sink.observe("resume_seconds", std::numeric_limits<double>::quiet_NaN(), job);
    const std::string text = sink.text();
    EXPECT_THAT(
        text,
        HasSubstr("resume_seconds_count{agent=\"gpu-7\",sweep=\"1\",point=\"0\",job=\"1\"} 3\n")
    );
    EXPECT_THAT(text, HasSubstr("le=\"0.1\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("le=\"0.25\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("le=\"5\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 3\n"));
}

TEST(Sink, CountersAndHistogramsWithoutLabelsBeginAtZero) {
    const Sink sink = coordinator_sink();
    EXPECT_THAT(lines_of(sink, "journal_events_total"), ElementsAre("journal_events_total 0"));
    EXPECT_THAT(sink.text(), HasSubstr("batchwright_journal_commit_seconds_count 0\n"));
    EXPECT_THAT(sink.text(), Not(HasSubstr("queue_oldest_seconds")));    // a gauge: not known yet
    EXPECT_THAT(sink.text(), Not(HasSubstr("progress_dropped_total")));  // the agent's
}

TEST(Sink, AnEndedJobStaysForAFewScrapesAndThenGoes) {
    Sink sink = coordinator_sink();
    const JobKey ended{.sweep = {3}, .point = 0, .job = {7}};
    const JobKey running{.sweep = {3}, .point = 1, .job = {77}};
    for (const JobKey& key : {ended, running}) {
        sink.set("job_attempts", 1, key);
        sink.set("job_info", 1, key, "cnn");
    }
    sink.retire(Label::job, JobId{7}, at(100));
    sink.prune(at(219));
    EXPECT_EQ(lines_of(sink, "job_attempts").size(), 2u);
    sink.prune(at(220));
    EXPECT_THAT(
        lines_of(sink, "job_attempts"),
        ElementsAre("job_attempts{sweep=\"3\",point=\"1\",job=\"77\"} 1")
    );
    EXPECT_EQ(lines_of(sink, "job_info").size(), 1u);
}

TEST(Sink, AnAttemptIsRetiredWithoutItsSuccessor) {
    Sink sink = agent_sink();
    sink.set("train_step", 10, attempt_of_job(7, 1));
    sink.set("train_step", 11, attempt_of_job(7, 2));
    sink.set("train_step", 12, attempt_of_job(8, 1));
    sink.add("rank_ooms_total", 1, RankKey{attempt_of_job(7, 1), 0});
    sink.retire(attempt_of_job(7, 1), at(0));
    sink.prune(at(1000));
    EXPECT_EQ(lines_of(sink, "train_step").size(), 2u);
    EXPECT_THAT(sink.text(), Not(HasSubstr("job=\"7\",attempt=\"1\"")));
    EXPECT_THAT(lines_of(sink, "rank_ooms_total"), IsEmpty());
}

TEST(Sink, AnAgentThatComesBackIsKept) {
    Sink sink = coordinator_sink();
    sink.set("agent_up", 0, "gpu-7");
    sink.retire(Label::agent, "gpu-7", at(0));
    sink.keep(Label::agent, "gpu-7");
    sink.set("agent_up", 1, "gpu-7");
    sink.prune(at(1000));
    EXPECT_THAT(lines_of(sink, "agent_up"), ElementsAre("agent_up{agent=\"gpu-7\"} 1"));
}

TEST(Sink, ASeriesMayBeginAnewAfterItWasRemoved) {
    Sink sink = coordinator_sink();
    sink.add("attempts_started_total", 5, SweepId{1});
    sink.retire(Label::sweep, SweepId{1}, at(0));
    sink.prune(at(1000));
    sink.add("attempts_started_total", 1, SweepId{1});
    EXPECT_THAT(
        lines_of(sink, "attempts_started_total"),
        ElementsAre("attempts_started_total{sweep=\"1\"} 1")
    );
}

TEST(Sink, BeyondItsMaximumNewSeriesAreDroppedAndCounted) {
    Sink sink({.origin = Origin::coordinator, .series_max = 20});
    for (std::uint64_t job = 1; job <= 100; ++job) {
        sink.set("job_attempts", 1, JobKey{.sweep = {1}, .point = job, .job = {job}});
    }
    const std::size_t before = sink.series_count();
    EXPECT_EQ(before, 20u);
    EXPECT_EQ(
        std::stod(lines_of(sink, "metrics_series_dropped_total").at(0).substr(29)),
        100.0 - static_cast<double>(lines_of(sink, "job_attempts").size())
    );
    sink.set(
        "job_attempts", 2, JobKey{.sweep = {1}, .point = 1, .job = {1}}
    );  // known: not dropped
    EXPECT_THAT(sink.text(), HasSubstr("{sweep=\"1\",point=\"1\",job=\"1\"} 2\n"));
    sink.retire(Label::job, JobId{1}, at(0));
    sink.prune(at(1000));
    EXPECT_EQ(sink.series_count(), before - 1);
    sink.set("job_attempts", 1, JobKey{.sweep = {1}, .point = 200, .job = {200}});
    EXPECT_EQ(sink.series_count(), before);
}

TEST(Sink, TextDoesNotDependOnTheOrderOfRecording) {
    Sink first = coordinator_sink();
    Sink second = coordinator_sink();
    for (int i = 0; i < 50; ++i) first.set("slots", i, "agent-" + std::to_string(i));
    first.set("queue_oldest_seconds", 1);
    second.set("queue_oldest_seconds", 1);
    for (int i = 49; i >= 0; --i) second.set("slots", i, "agent-" + std::to_string(i));
    EXPECT_EQ(first.text(), second.text());
}

TEST(Sink, OneBadLabelValueDoesNotSpoilTheScrape) {
    Sink sink = coordinator_sink();
    sink.set("slots", 2, std::string("gpu-\xff\xfe\"quoted\\\n"));
    sink.set("slots", 4, "zürich");
    sink.set("slots", 8, std::string(1000, 'x'));
    EXPECT_THAT(
        lines_of(sink, "slots"),
        ElementsAre(
            "slots{agent=\"gpu-??\\\"quoted\\\\?\"} 2",
            "slots{agent=\"" + std::string(128, 'x') + "\"} 8",
            "slots{agent=\"zürich\"} 4"
        )
    );
}

TEST(SinkDeath, AnAgentDoesNotRecordTheCoordinatorsMetrics) {
    EXPECT_DEATH(agent_sink().set("queue_oldest_seconds", 1), "what the table says it serves");
}

TEST(Handler, TellsItsOwnSizeAndBuildAndPrunes) {
    Sink sink = coordinator_sink();
    describe_process(sink, at(1'700'000'000));
    sink.set("agent_up", 0, "gone");
    sink.retire(Label::agent, "gone", at(0));
    const Exposition exposition = expose(sink, at(1'700'000'000));
    EXPECT_EQ(exposition.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(exposition.body, HasSubstr("batchwright_start_time_seconds 1700000000\n"));
    EXPECT_THAT(exposition.body, HasSubstr("batchwright_build_info{version="));
    EXPECT_THAT(exposition.body, HasSubstr("batchwright_metrics_series "));
    EXPECT_THAT(exposition.body, Not(HasSubstr("gone")));
    EXPECT_EQ(expose(sink, at(1'700'000'001)).body, exposition.body);
}

}  // namespace
}  // namespace bw::metrics
