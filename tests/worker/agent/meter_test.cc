// What a trainer's words become on the agent's /metrics.
#include "worker/agent/meter.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "metrics/table.h"

namespace bw::agent {
namespace {

namespace wire = trainer_wire;

constexpr Instant at(std::int64_t s) { return Instant{} + seconds(s); }

class MeterTest : public testing::Test {
protected:
    static AgentOptions options() {
        AgentOptions options;
        options.name = "host/0";
        options.slots = {SlotOptions{}, SlotOptions{}};
        return options;
    }

    /// Both ranks of an attempt of job 9 (point 4 of sweep 3), here.
    void begin(std::uint32_t attempt, const std::string& resume_path = "") {
        proto::StartRanks order;
        order.set_sweep(3);
        order.set_ordinal(4);
        order.set_job(9);
        order.set_attempt(attempt);
        order.set_resume_path(resume_path);
        order.mutable_plan()->set_global_batch(128);
        order.mutable_plan()->set_world_size(2);
        for (int rank : {0, 1}) {
            proto::RankOnSlot where;
            where.set_rank(rank);
            where.set_slot(static_cast<std::uint32_t>(rank));
            meter_.begin(order, where, now_);
        }
    }

    void hear(int rank, const wire::FromTrainer& message, std::uint32_t attempt = 1) {
        meter_.hear({9, attempt, rank}, message, now_);
    }

    void end(int rank, Outcome outcome, std::uint32_t attempt = 1) {
        meter_.note(ended_fact({9, attempt, rank}, outcome, "", 7), now_);
    }

    static wire::Progress progress() {
        wire::Progress message;
        message.step = 12;
        message.total_steps = 40;
        message.epoch = 1;
        message.loss = 0.5;
        message.accuracy = 0.75;
        message.learning_rate = 0.125;
        message.samples_per_second = 2000;
        message.steps = 12;
        message.samples = 1536;
        message.phases.forward = 2;
        message.phases.all_reduce = 0.25;
        message.micro_batch = 32;
        message.accumulation = 2;
        message.ooms = 1;
        message.oom_replans = 1;
        message.peak_bytes = 700;
        message.predicted_peak_bytes = 690;
        message.limit_bytes = 1000;
        return message;
    }

    /// A series' value as it is written, "none" when it is not there. `labels` follow the agent's.
    std::string value(const std::string& name, const std::string& labels = "") {
        const AgentView view{{{true, false}, {false, true}}, 5, true};
        std::istringstream page(meter_.expose(view, now_).body);
        const std::string more = labels.empty() ? "" : "," + labels;
        const std::string start = "batchwright_" + name + "{agent=\"host/0\"" + more + "} ";
        for (std::string line; std::getline(page, line);) {
            if (line.starts_with(start)) return line.substr(start.size());
        }
        return "none";
    }

    std::string of_attempt(const std::string& name, const std::string& more = "", int attempt = 1) {
        const std::string job = R"(sweep="3",point="4",job="9",attempt=")";
        return value(name, job + std::to_string(attempt) + "\"" + more);
    }

    std::string of_rank(const std::string& name, int rank, const std::string& more = "") {
        return of_attempt(name, ",rank=\"" + std::to_string(rank) + "\"" + more);
    }

    AgentOptions options_ = options();
    Instant now_ = at(100);
    Meter meter_{options_, at(0)};
};

TEST_F(MeterTest, AnOrderMakesThePlanAndTheCountersAtZero) {
    begin(1);
    EXPECT_EQ(of_attempt("train_global_batch_samples"), "128");
    EXPECT_EQ(of_attempt("train_world_size"), "2");
    EXPECT_EQ(of_attempt("train_replans_total", R"(,cause="oom")"), "0");
    EXPECT_EQ(of_rank("rank_ooms_total", 1), "0");
    EXPECT_EQ(of_rank("rank_info", 1, R"(,slot="1",device="cpu")"), "1");
    EXPECT_EQ(of_attempt("train_loss"), "none") << "nothing is known of it yet";
}

TEST_F(MeterTest, RankZeroSpeaksForTheAttemptAndEachRankForItself) {
    begin(1);
    hear(0, wire::Running{.step = 0, .total_steps = 40, .data_fingerprint = "f"});
    hear(0, progress());
    wire::Progress other = progress();
    other.loss = 99;  // every rank says the same; if not, rank 0's counts
    other.phases.forward = 3;
    other.micro_batch = 31;
    hear(1, other);
    EXPECT_EQ(of_attempt("train_step"), "12");
    EXPECT_EQ(of_attempt("train_steps_planned"), "40");
    EXPECT_EQ(of_attempt("train_epoch"), "1");
    EXPECT_EQ(of_attempt("train_loss"), "0.5");
    EXPECT_EQ(of_attempt("train_accuracy"), "0.75");
    EXPECT_EQ(of_attempt("train_learning_rate"), "0.125");
    EXPECT_EQ(of_attempt("train_samples_total"), "1536");
    EXPECT_EQ(of_attempt("train_samples_per_second"), "2000");
    EXPECT_EQ(of_attempt("train_replans_total", R"(,cause="oom")"), "1");
    EXPECT_EQ(of_rank("rank_steps_total", 0), "12");
    EXPECT_EQ(of_rank("rank_phase_seconds_total", 0, R"(,phase="forward")"), "2");
    EXPECT_EQ(of_rank("rank_phase_seconds_total", 1, R"(,phase="forward")"), "3");
    EXPECT_EQ(of_rank("rank_phase_seconds_total", 0, R"(,phase="all_reduce")"), "0.25");
    EXPECT_EQ(of_rank("rank_micro_batch_samples", 1), "31");
    EXPECT_EQ(of_rank("rank_accumulation", 0), "2");
    EXPECT_EQ(of_rank("rank_ooms_total", 0), "1");
    EXPECT_EQ(of_rank("rank_memory_peak_bytes", 0), "700");
    EXPECT_EQ(of_rank("rank_memory_limit_bytes", 0), "1000");
    EXPECT_EQ(of_rank("rank_memory_headroom_bytes", 0), "300");
    EXPECT_EQ(of_rank("rank_memory_predicted_bytes", 0), "690");
}

TEST_F(MeterTest, TotalsSurviveDroppedAndRepeatedSamples) {
    begin(1);
    hear(0, progress());
    wire::Progress later = progress();
    later.samples = 5120;
    hear(0, later);
    hear(0, progress());  // an old one
    EXPECT_EQ(of_attempt("train_samples_total"), "5120");
}

TEST_F(MeterTest, WithoutALimitThereIsNoShareOfIt) {
    begin(1);
    wire::Progress message = progress();
    message.limit_bytes = message.predicted_peak_bytes = 0;
    hear(0, message);
    EXPECT_EQ(of_rank("rank_memory_peak_bytes", 0), "700");
    EXPECT_EQ(of_rank("rank_memory_limit_bytes", 0), "none");
    EXPECT_EQ(of_rank("rank_memory_predicted_bytes", 0), "none");
}

TEST_F(MeterTest, CheckpointsCountWhenDurableAndShowWhenAccepted) {
    begin(1);
    hear(0, wire::CheckpointDurable{.step = 10, .path = "p", .seconds = 0.5});
    const std::string job = R"(sweep="3",point="4",job="9")";
    EXPECT_EQ(value("checkpoint_seconds_sum", job), "0.5");
    EXPECT_EQ(of_attempt("train_checkpoint_step"), "none");
    proto::ConfirmCheckpoint order;
    order.set_job(9);
    order.set_attempt(1);
    order.set_step(10);
    meter_.confirm_checkpoint(order);
    EXPECT_EQ(of_attempt("train_checkpoint_step"), "10");
}

TEST_F(MeterTest, AnEpochWithoutEvaluationLeavesTheLastOne) {
    begin(1);
    const double none = std::numeric_limits<double>::quiet_NaN();
    hear(0, wire::EpochEnded{0, 10, 0.9, 0.6, 0.8, 0.75});
    hear(0, wire::EpochEnded{1, 20, 0.5, 0.8, none, none});
    EXPECT_EQ(of_attempt("epoch_loss", R"(,set="train")"), "0.5");
    EXPECT_EQ(of_attempt("epoch_accuracy", R"(,set="test")"), "0.75");
}

TEST_F(MeterTest, AResumeIsTimedAndTheAttemptBeforeItGoes) {
    begin(1);
    hear(0, progress());
    end(0, Outcome::died);
    end(1, Outcome::failed);
    EXPECT_EQ(value("trainer_exits_total", R"(outcome="died")"), "1");
    begin(2, "checkpoint");
    now_ = at(103);
    hear(0, wire::Running{.step = 10, .total_steps = 40, .data_fingerprint = "f"}, 2);
    EXPECT_EQ(value("resume_seconds_sum", R"(sweep="3",point="4",job="9")"), "3");
    EXPECT_EQ(of_attempt("train_step"), "12") << "a few scrapes still see the last values";
    hear(0, progress(), 1);  // too late
    now_ = at(300);
    EXPECT_EQ(of_attempt("train_step"), "none");
    EXPECT_EQ(of_attempt("train_step", "", 2), "10");
    EXPECT_EQ(value("resume_seconds_sum", R"(sweep="3",point="4",job="9")"), "3") << "of the job";
}

TEST_F(MeterTest, TheAgentShowsItself) {
    meter_.count_dropped_sample();
    EXPECT_EQ(value("coordinator_connected"), "1");
    EXPECT_EQ(value("facts_spooled"), "5");
    EXPECT_EQ(value("progress_dropped_total"), "1");
    EXPECT_EQ(value("trainers_warm"), "1");
    EXPECT_EQ(value("slot_busy", R"(slot="0")"), "1");
    EXPECT_EQ(value("slot_info", R"(slot="1",device="cpu")"), "1");
    EXPECT_EQ(value("trainer_exits_total", R"(outcome="refused")"), "0");
}

// A row that nobody records is a promise that nobody keeps.
TEST_F(MeterTest, EveryMetricOfTheAgentIsRecorded) {
    begin(1, "checkpoint");
    hear(0, wire::Running{.step = 10, .total_steps = 40, .data_fingerprint = "f"});
    hear(0, progress());
    hear(0, wire::CheckpointDurable{.step = 20, .path = "p", .seconds = 0.5});
    hear(0, wire::EpochEnded{0, 20, 0.9, 0.6, 0.8, 0.75});
    const std::string page = meter_.expose({{{true, false}, {false, true}}, 0, true}, now_).body;
    for (const metrics::Metric& metric : metrics::kTable) {
        if (metric.origin == metrics::Origin::coordinator) continue;
        EXPECT_NE(page.find("# TYPE batchwright_" + std::string(metric.name) + " "), page.npos)
            << metric.name;
    }
}

}  // namespace
}  // namespace bw::agent
