// What we serve, judged by Prometheus' own checker.
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "metrics/handler.h"
#include "metrics/sink.h"

namespace bw::metrics {
namespace {

struct Verdict {
    int status = -1;
    std::string said;
};

Verdict check_metrics(const std::string& text) {
    const std::string folder = testing::TempDir();
    std::string path = folder + "/batchwright-scrape-XXXXXX";
    const int descriptor = mkstemp(path.data());
    FILE* file = fdopen(descriptor, "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    FILE* pipe = popen(("promtool check metrics < '" + path + "' 2>&1").c_str(), "r");
    Verdict verdict;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        verdict.said += static_cast<char>(c);
    }
    verdict.status = pclose(pipe);
    std::remove(path.c_str());
    return verdict;
}

class Promtool : public testing::Test {
protected:
    void SetUp() override {
        if (std::system("command -v promtool >/dev/null") != 0) {
            GTEST_SKIP() << "promtool is not installed (Debian package \"prometheus\")";
        }
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
    const Verdict verdict = check_metrics(expose(sink, Instant{1}).body);
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
    const Verdict verdict = check_metrics(expose(sink, Instant{1}).body);
    EXPECT_EQ(verdict.status, 0) << verdict.said;
    EXPECT_EQ(verdict.said, "");
}

TEST_F(Promtool, WouldRefuseABrokenScrape) {
    EXPECT_NE(check_metrics("batchwright_x{job=\"1} 2\n").status, 0);
}

}  // namespace
}  // namespace bw::metrics
