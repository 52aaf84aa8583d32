// Schedules against sequences computed by PyTorch (tests/data/models/golden_train.json, and
// OneCycleLR's and ReduceLROnPlateau's, computed by torch 2.15 and written here).
#include "worker/trainer/schedule/schedule.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bw::trainer {
namespace {

using Kind = ScheduleKind;

std::vector<double> golden(const std::string& name) {
    std::ifstream file(BW_TEST_DATA "/models/golden_train.json");
    return nlohmann::json::parse(file).at("schedules").at(name).get<std::vector<double>>();
}

struct Row {
    std::string name;
    ScheduleSpec spec;
    double learning_rate = 0.1;
    std::int64_t until = 1000;  // of the golden sequence
};

ScheduleSpec cycle(CycleMode mode, double gamma) {
    return {
        .kind = Kind::cyclic, .max_rate = 0.1, .gamma = gamma, .cycle_up = 4, .cycle_mode = mode};
}

std::vector<Row> rows() {
    const auto up3 =
        ScheduleSpec{.kind = Kind::cyclic, .max_rate = 0.1, .cycle_up = 3, .cycle_down = 5};
    using enum CycleMode;
    return {
        {"cyclic_triangular_gamma1.0_base1e-6_max0.1_up4_down4_lr", cycle(triangular, 1), 1e-6},
        {"cyclic_triangular2_gamma1.0_base1e-6_max0.1_up4_down4_lr", cycle(triangular2, 1), 1e-6},
        {"cyclic_exp_range_gamma1.0_base1e-6_max0.1_up4_down4_lr", cycle(exp_range, 1), 1e-6},
        {"cyclic_exp_range_gamma0.99_base1e-6_max0.1_up4_down4_lr", cycle(exp_range, 0.99), 1e-6},
        {"cyclic_triangular_base.01_max.1_up3_down5_lr", up3, 0.01},
        {"warmup_linear_w5_T20_lr0.1",
         {.kind = Kind::polynomial, .warmup_steps = 5, .total_steps = 20}},
        // PyTorch's users let it rise again after T; ours stays at its end.
        {"warmup_cosine_w5_T20_cycles0.5_lr0.1",
         {.kind = Kind::cosine, .warmup_steps = 5, .total_steps = 20},
         0.1,
         20},
        {"warmup_cosine_w5_T20_cycles1.5_lr0.1",
         {.kind = Kind::cosine, .warmup_steps = 5, .total_steps = 20, .cycles = 1.5},
         0.1,
         20},
        {"warmup_constant_w5_lr0.1", {.warmup_steps = 5}},
        {"cosine_annealing_Tmax10_lr0.1", {.kind = Kind::cosine_annealing, .total_steps = 10}},
        {"step_step3_gamma0.1_lr0.1", {.kind = Kind::step, .decay_steps = 3}},
        {"multistep_3_6_gamma0.1_lr0.1", {.kind = Kind::multi_step, .milestones = {3, 6}}},
        {"exponential_0.97_lr0.256", {.kind = Kind::exponential, .gamma = 0.97}, 0.256},
        {"poly_T10_power4_lr0.1", {.kind = Kind::polynomial, .total_steps = 10, .power = 4}},
    };
}

TEST(Schedule, LearningRatesAreThoseOfPyTorch) {
    for (const Row& row : rows()) {
        const auto expected = golden(row.name);
        ASSERT_GE(expected.size(), 6u) << row.name;
        for (std::size_t t = 0; t < expected.size(); ++t) {
            if (static_cast<std::int64_t>(t) > row.until) break;
            const Rates base{row.learning_rate, 0};
            EXPECT_NEAR(rates_at(row.spec, base, {}, t).learning_rate, expected[t], 1e-12)
                << row.name << " at " << t;
        }
    }
}

TEST(Schedule, CyclesMoveTheMomentumTheOtherWay) {
    using enum CycleMode;
    const std::vector<std::pair<std::string, ScheduleSpec>> cycles = {
        {"cyclic_triangular_gamma1.0_momentum(0.8..0.9)", cycle(triangular, 1)},
        {"cyclic_triangular2_gamma1.0_momentum(0.8..0.9)", cycle(triangular2, 1)},
        {"cyclic_exp_range_gamma0.99_momentum(0.8..0.9)", cycle(exp_range, 0.99)},
    };
    for (const auto& [name, spec] : cycles) {
        const auto expected = golden(name);
        for (std::size_t t = 0; t < expected.size(); ++t) {
            EXPECT_NEAR(rates_at(spec, {1e-6, 0.9}, {}, t).momentum, expected[t], 1e-12)
                << name << " at " << t;
            EXPECT_EQ(rates_at(spec, {1e-6, 0}, {}, t).momentum, 0) << "a rule without momentum";
        }
    }
}

TEST(Schedule, CosineStaysAtItsEnd) {
    const ScheduleSpec spec{.kind = Kind::cosine, .total_steps = 20, .min_rate = 0.01};
    EXPECT_NEAR(rates_at(spec, {0.1, 0}, {}, 20).learning_rate, 0.01, 1e-15);
    EXPECT_NEAR(rates_at(spec, {0.1, 0}, {}, 35).learning_rate, 0.01, 1e-15);
}

TEST(Schedule, OneCycleIsTorchs) {
    // torch.optim.lr_scheduler.OneCycleLR(SGD(lr=1, momentum=.9), max_lr=0.5, total_steps=10)
    const std::vector<double> rates = {
        0.020000000000000018,
        0.26,
        0.5,
        0.47524231600673683,
        0.40587282697488153,
        0.30563101096814466,
        0.19437098903185537,
        0.09412917302511849,
        0.024759683993263143,
        2e-06};
    const std::vector<double> momenta = {
        0.95,
        0.8999999999999999,
        0.85,
        0.854951556604879,
        0.8688255099070633,
        0.8888739533021842,
        0.9111260466978157,
        0.9311744900929366,
        0.945048443395121,
        0.95};
    const ScheduleSpec spec{.kind = Kind::one_cycle, .total_steps = 10};
    for (std::size_t t = 0; t < rates.size(); ++t) {
        const Rates now = rates_at(spec, {0.5, 0.9}, {}, t);
        EXPECT_NEAR(now.learning_rate, rates[t], 1e-12) << t;
        EXPECT_NEAR(now.momentum, momenta[t], 1e-12) << t;
    }
}

TEST(Schedule, PlateauIsTorchs) {
    // ReduceLROnPlateau(SGD(lr=0.1), factor=.5, patience=1, cooldown=1, threshold=1e-2)
    const std::vector<double> losses = {
        1.0, 0.9, 0.899, 0.898, 0.897, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5};
    const std::vector<double> rates = {
        0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.0125, 0.0125};
    const ScheduleSpec spec{
        .kind = Kind::plateau, .gamma = 0.5, .patience = 1, .cooldown = 1, .threshold = 1e-2};
    Plateau plateau;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        plateau = after_evaluation(spec, plateau, losses[i]);
        EXPECT_NEAR(rates_at(spec, {0.1, 0}, plateau, 0).learning_rate, rates[i], 1e-15) << i;
    }
}

}  // namespace
}  // namespace bw::trainer
