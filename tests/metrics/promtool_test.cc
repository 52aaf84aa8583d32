// What we serve, judged by Prometheus' own checker.
#include "tests/metrics/promtool.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "metrics/handler.h"
#include "metrics/sink.h"

namespace bw::metrics {
namespace {

class Promtool : public tests::PromtoolTest {
protected:
    tests::Verdict check(const std::string& scrape) const {
        return promtool("check metrics < " + write("scrape", scrape).string());
    }
};

TEST_F(Promtool, AcceptsWhatACoordinatorServes) {
    Sink sink({.origin = Origin::coordinator});
    describe_process(sink, Instant{1});
    const JobKey job{.sweep = {1}, .point = 0, .job = {2}};
    sink.set("job_info", 1, job, "resnet\"18\\\n\xff");
    sink.set("jobs", 3, SweepId{1}, "queued");
    sink.add("lost_work_device_seconds_total", 1.5, SweepId{1}, "died");
    sink.add("http_requests_total", 1, "GET", "/api/v1/sweeps/{sweep}", 200);
    sink.observe("journal_commit_seconds", 0.003);
    const tests::Verdict verdict = check(expose(sink, Instant{1}).body);
    EXPECT_EQ(verdict.status, 0) << verdict.said;
    EXPECT_EQ(verdict.said, "");
}

TEST_F(Promtool, AcceptsWhatAnAgentServesEvenANaNLoss) {
    Sink sink({.origin = Origin::agent, .agent = "gpu-7"});
    describe_process(sink, Instant{1});
    const RankKey rank{.attempt = {.job = {.sweep = {1}, .point = 0, .job = {2}}, .attempt = 1}};
    sink.set("train_loss", std::numeric_limits<double>::quiet_NaN(), rank.attempt);
    sink.set("train_learning_rate", std::numeric_limits<double>::infinity(), rank.attempt);
    sink.set("rank_info", 1, rank, 0, "cpu");
    sink.raise("rank_phase_seconds_total", 1.25, rank, "forward");
    sink.observe("checkpoint_seconds", 0.2, rank.attempt.job);
    const tests::Verdict verdict = check(expose(sink, Instant{1}).body);
    EXPECT_EQ(verdict.status, 0) << verdict.said;
    EXPECT_EQ(verdict.said, "");
}

TEST_F(Promtool, WouldRefuseABrokenScrape) {
    EXPECT_NE(check("batchwright_x{job=\"1} 2\n").status, 0);
}

}  // namespace
}  // namespace bw::metrics
