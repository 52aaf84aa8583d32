#include "worker/program/reports.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "worker/program/durable.h"

namespace bw::program {

namespace wire = trainer_wire;

namespace {

using Clock = std::chrono::steady_clock;

// The folder of the attempt that wrote the checkpoint: one beside this attempt's.
std::filesystem::path curve_before(const wire::Start& start) {
    if (start.resume_from.empty()) return {};
    const auto job = std::filesystem::path(start.attempt_dir).parent_path();
    const auto inside = std::filesystem::path(start.resume_from).lexically_relative(job);
    return inside.empty() ? inside : job / *inside.begin() / "curve.csv";
}

void put(std::map<std::string, double>& values, const char* name, double value) {
    if (!std::isnan(value)) values[name] = value;
}

double take(std::map<std::string, double>& values, const char* name) {
    const auto found = values.find(name);
    if (found == values.end()) return wire::kNotMeasured;
    const double value = found->second;
    values.erase(found);
    return value;
}

}  // namespace

Reports::Reports(const wire::Start& start, Ports ports)
    : start_(start), ports_(std::move(ports)), leads_(start.rank == 0), step_(start.resume_step) {}

Result<void> Reports::take(const wire::FromTrainer& message) {
    if (!began_ && !std::holds_alternative<wire::Running>(message)) {
        if (auto begun = run(); !begun) return begun;
    }
    return std::visit([this](const auto& m) { return hear(m); }, message);
}

Result<void> Reports::run() {
    return began_ ? Result<void>(boost::system::in_place_value)
                  : begin({.step = start_.resume_step, .total_steps = 0, .data_fingerprint = ""});
}

Result<void> Reports::begin(const wire::Running& message) {
    began_ = Clock::now();
    step_ = message.step;
    total_steps_ = message.total_steps;
    if (leads_) {
        const auto file = std::filesystem::path(start_.attempt_dir) / "curve.csv";
        if (auto opened = curve_.open(file, curve_before(start_), message.step); !opened)
            return opened;
    }
    ports_.say(message);
    return boost::system::in_place_value;
}

double Reports::seconds() const {
    return std::chrono::duration<double>(Clock::now() - began_.value_or(Clock::now())).count();
}

Result<void> Reports::hear(const wire::Running& message) {
    if (!began_) return begin(message);
    total_steps_ = message.total_steps;  // it came late; progress carries it on
    return boost::system::in_place_value;
}

Result<void> Reports::hear(const wire::Progress& message) {
    step_ = std::max(step_, message.step);
    newest_ = message;
    if (newest_->total_steps == 0) newest_->total_steps = total_steps_;
    if (newest_->steps == 0) newest_->steps = step_ - start_.resume_step;
    unsaid_ = newest_;
    const bool is_due = !said_progress_ || Clock::now() - *said_progress_ >= kProgressInterval;
    if (is_due) say_newest_progress();
    if (!leads_) return boost::system::in_place_value;
    put(measured_, "train_loss", message.loss);
    return curve_.append(
        {.step = message.step,
         .epoch = message.epoch,
         .loss = message.loss,
         .samples = message.samples},
        seconds()
    );
}

void Reports::say_newest_progress() {
    if (!unsaid_) return;
    ports_.say_if_room(*std::exchange(unsaid_, std::nullopt));
    said_progress_ = Clock::now();
}

Result<void> Reports::hear(const wire::CheckpointDurable& message) {
    if (!leads_) return boost::system::in_place_value;
    const auto folder = std::filesystem::absolute(start_.attempt_dir).lexically_normal();
    const auto path = (folder / message.path).lexically_normal();
    const auto inside = path.lexically_relative(folder);
    if (inside.empty() || inside == "." || *inside.begin() == "..") {
        return fail(
            Errc::invalid_input,
            "the checkpoint " + bw::quoted(message.path) +
                " lies outside of the attempt's folder (BATCHWRIGHT_DIR)"
        );
    }
    if (auto synced = curve_.sync(); !synced) return synced;
    if (auto synced = sync_tree(path); !synced) return synced;
    checkpoints_[message.step] = path.string();
    ports_.say(wire::CheckpointDurable{
        .step = message.step, .path = path.string(), .seconds = message.seconds});
    return boost::system::in_place_value;
}

void Reports::accept(std::int64_t step) {
    const auto accepted = checkpoints_.find(step);
    if (accepted == checkpoints_.end()) return;
    for (auto older = checkpoints_.begin(); older != accepted;) {
        const bool is_written_again =
            std::any_of(std::next(older), checkpoints_.end(), [&](const auto& newer) {
                return newer.second == older->second;
            });
        std::error_code what_cannot_be_removed_stays;
        if (!is_written_again)
            std::filesystem::remove_all(older->second, what_cannot_be_removed_stays);
        older = checkpoints_.erase(older);
    }
}

Result<void> Reports::hear(const wire::EpochEnded& message) {
    if (!leads_) return boost::system::in_place_value;
    wire::EpochEnded whole = message;
    step_ = std::max(step_, message.step);
    if (whole.epoch < 0) whole.epoch = static_cast<int>(message.step);
    put(measured_, "train_loss", message.train_loss);
    put(measured_, "train_accuracy", message.train_accuracy);
    put(measured_, "test_loss", message.test_loss);
    put(measured_, "test_accuracy", message.test_accuracy);
    for (const auto& [name, value] : message.metrics) put(measured_, name.c_str(), value);
    ports_.say(whole);
    return boost::system::in_place_value;
}

Result<void> Reports::hear(const wire::Finished& message) {
    step_ = std::max(step_, message.step);
    for (const auto& [name, value] : message.metrics) put(measured_, name.c_str(), value);
    last_word_ = message;
    return boost::system::in_place_value;
}

Result<void> Reports::hear(const wire::Stopped& message) {
    last_word_ = message;
    return boost::system::in_place_value;
}

Result<void> Reports::hear(const wire::Failed& message) {
    last_word_ = message;
    return boost::system::in_place_value;
}

wire::Finished Reports::finished() const {
    wire::Finished result;
    if (last_word_) result = std::get<wire::Finished>(*last_word_);
    result.step = step_;
    result.metrics = measured_;
    result.train_loss = program::take(result.metrics, "train_loss");
    result.test_loss = program::take(result.metrics, "test_loss");
    result.test_accuracy = program::take(result.metrics, "test_accuracy");
    if (newest_ && newest_->samples_per_second > 0)
        result.samples_per_second = newest_->samples_per_second;
    if (result.samples_per_second == 0) result.samples_per_second = wire::kNotMeasured;
    return result;
}

std::optional<wire::FromTrainer> Reports::last_word(const ProgramEnd& end) {
    say_newest_progress();
    const bool is_well = end.signal == 0 && end.status == 0;
    if (last_word_) {
        if (const auto* failed = std::get_if<wire::Failed>(&*last_word_)) return *failed;
        if (const auto* stopped = std::get_if<wire::Stopped>(&*last_word_)) return *stopped;
        if (is_well) return finished();
    }
    // One that ends because it was asked to need not say so: it is not taken for finished.
    if (end.was_asked) return wire::Stopped{.step = step_};
    if (!is_well) return std::nullopt;
    if (auto begun = run(); !begun)
        return wire::Failed{
            .code = static_cast<int>(begun.error().code),
            .message = begun.error().message,
            .retry = true};
    return finished();
}

}  // namespace bw::program
