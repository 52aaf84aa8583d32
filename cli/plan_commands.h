// `batchwright plan` and `batchwright profile`: what a sweep would take, before any device is used.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace bw::cli {

using Action = std::function<int()>;

struct PlanOptions {
    std::string file;
    std::string device = "auto";
    std::string state_dir = "batchwright-state";  // whose profiles are read
    std::string trainer;
    bool profile = false;  // makes the profiles that are missing
    bool json = false;
    std::uint64_t limit = 20;  // points printed for people; JSON prints all
};

struct ProfileOptions {
    std::string model;
    std::string input = "1x28x28";
    int classes = 10;
    std::int64_t batch = 64;  // of the micro-batch that is shown
    std::string optimizer = "adam";
    double momentum = 0, weight_decay = 0;
    std::string precision = "fp32";
    std::string bn = "ghost";
    std::int64_t group = 32;
    int threads = 1;
    bool recompute = false;
    std::string state_dir = "batchwright-state";
    std::string plot;  // a PNG; empty: none
    std::string trainer;
    bool json = false;
};

/// What `run` would do, job by job; no device is touched.
int plan(const PlanOptions& options);

/// Where the bytes of a step go.
int profile(const ProfileOptions& options);

void add_plan_commands(CLI::App& app, Action& action);

}  // namespace bw::cli
