#include "worker/trainer/attempt/run_state.h"

#include <cstdio>
#include <cstdlib>

namespace bw::trainer {
namespace {

void write_field(Metadata& out, const char* name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    out[name] = text;
}

void write_field(Metadata& out, const char* name, std::int64_t value) {
    out[name] = std::to_string(value);
}

void read_text(const char* text, char** end, double& value) { value = std::strtod(text, end); }

void read_text(const char* text, char** end, std::int64_t& value) {
    value = std::strtoll(text, end, 10);
}

/// One list of the fields for both directions.
template <class State, class Visit>
void visit_fields(State& state, Visit visit) {
    visit("step", state.step);
    visit("epoch_loss_sum", state.loss_sum);
    visit("epoch_correct", state.correct);
    visit("epoch_samples", state.samples);
    visit("step_samples_min", state.step_samples_min);
    visit("step_samples_max", state.step_samples_max);
    visit("samples_total", state.samples_total);
    visit("step_seconds", state.step_seconds);
    visit("wall_seconds", state.wall_seconds);
    visit("train_loss", state.train_loss);
    visit("train_accuracy", state.train_accuracy);
    visit("test_loss", state.test_loss);
    visit("test_accuracy", state.test_accuracy);
}

/// Those that checkpoints of the first releases do not have.
template <class State, class Visit>
void visit_later_fields(State& state, Visit visit) {
    visit("plateau_scale", state.plateau.scale);
    visit("plateau_best", state.plateau.best);
    visit("plateau_bad", state.plateau.bad);
    visit("plateau_cooldown", state.plateau.cooldown);
    visit("best_accuracy", state.best_accuracy);
}

}  // namespace

void write_run_state(const RunState& state, Metadata& out) {
    const auto write = [&out](const char* name, const auto& value) {
        write_field(out, name, value);
    };
    visit_fields(state, write);
    visit_later_fields(state, write);
    write("ended", state.ended);
}

Result<RunState> read_run_state(const Metadata& metadata) {
    RunState state;
    std::string wrong;
    const auto read = [&](const char* name, auto& value) {
        const auto it = metadata.find(name);
        char* end = nullptr;
        if (it != metadata.end()) read_text(it->second.c_str(), &end, value);
        if (end == nullptr || end == it->second.c_str() || *end != '\0') wrong = name;
    };
    visit_fields(state, read);
    if (metadata.contains("plateau_scale")) visit_later_fields(state, read);
    if (metadata.contains("ended")) read("ended", state.ended);
    if (!wrong.empty()) return fail(Errc::corrupt, "field " + wrong + " is missing or no number");
    return state;
}

}  // namespace bw::trainer
