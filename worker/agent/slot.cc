#include "worker/agent/slot.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "worker/agent/lost_work.h"

namespace bw::agent {

namespace asio = boost::asio;

Slot::Slot(asio::io_context& io, Options options, Ports ports)
    : io_(io),
      options_(std::move(options)),
      ports_(std::move(ports)),
      kill_timer_(io),
      warm_timer_(io),
      release_timer_(io) {}

std::optional<RankKey> Slot::held() const { return run_ ? std::optional(run_->key) : std::nullopt; }

bool Slot::leads() const {
    return run_ && run_->is_sent && run_->key.rank == 0 && !run_->last_word;
}

// ---- orders

void Slot::warm() {
    if (process_ != nullptr || is_closed_) return;
    warm_timer_.cancel();
    process_is_ready_ = process_is_used_ = process_makes_room_ = false;
    // Without a rank: as the one before, whose sweep may well go on.
    if (run_) process_is_launcher_ = !run_->start.program_json.empty();
    TrainerProcess::Handlers handlers;
    handlers.on_message = [this](const trainer_wire::FromTrainer& message) { on_message(message); };
    handlers.on_end = [this](const TrainerExit& exit) { on_end(exit); };
    const auto& options = process_is_launcher_ ? options_.launcher : options_.trainer;
    auto process = TrainerProcess::start(io_, options, std::move(handlers));
    if (process) {
        process_ = std::move(*process);
        return;
    }
    const std::string& problem = process.error().message;
    std::fprintf(stderr, "batchwright agent: %s: %s\n", options_.name.c_str(), problem.c_str());
    if (run_) {
        const RankKey key = run_->key;
        run_.reset();
        ports_.on_fact(ended_fact(key, Outcome::failed, problem, 0));
    }
    warm_later();
}

void Slot::warm_later() {
    warm_timer_.expires_after(std::chrono::nanoseconds(warm_again_.ns));
    warm_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) warm();
    });
    warm_again_ = std::min(Duration{warm_again_.ns * 2}, kWarmAgainMax);
}

void Slot::start(trainer_wire::Start start, std::uint32_t account_from) {
    if (is_closed_) return;
    abandon();
    run_.emplace();
    run_->key = {start.job, start.attempt, start.rank};
    run_->start = std::move(start);
    run_->account_from = account_from;
    if (process_ == nullptr) {
        warm();
    } else if (!is_of_wanted_kind() && !process_is_used_) {
        process_makes_room_ = true;
        process_->kill();
    } else if (process_is_ready_ && !process_is_used_ && !process_makes_room_) {
        send_start();
    }
}

bool Slot::is_of_wanted_kind() const {
    return process_is_launcher_ == !run_->start.program_json.empty();
}

void Slot::send_start() {
    run_->is_sent = true;
    process_is_used_ = true;
    const std::string log_name = "rank" + std::to_string(run_->key.rank) + ".log";
    process_->log_to(std::filesystem::path(run_->start.attempt_dir) / log_name);
    process_->send(run_->start);
    send_rendezvous();
}

void Slot::rendezvous(const trainer_wire::Rendezvous& where) {
    if (!run_ || run_->rendezvous || run_->key.rank == 0) return;  // repeated after a reconnect
    run_->rendezvous = where;
    send_rendezvous();
}

void Slot::send_rendezvous() {
    if (!run_->is_sent || !run_->rendezvous) return;
    if (!std::exchange(run_->rendezvous_is_sent, true)) process_->send(*run_->rendezvous);
}

void Slot::confirm_checkpoint(std::int64_t step) {
    if (leads()) process_->send(trainer_wire::CheckpointAccepted{step});
}

void Slot::stop(StopOrder order) {
    if (!run_) return;
    if (!run_->is_sent) {
        end_unsent_run();
        return;
    }
    switch (order) {
        case StopOrder::kill:
            process_->kill();
            return;
        case StopOrder::preempt:
            process_->send(trainer_wire::Stop{trainer_wire::StopMode::preempt});
            break;
        case StopOrder::cancel:
            process_->send(trainer_wire::Stop{trainer_wire::StopMode::cancel});
            break;
    }
    // Orders are repeated after a reconnect: the grace runs from the first.
    if (!std::exchange(run_->is_stopping, true) && !run_->last_word) kill_after(options_.grace);
}

void Slot::end_unsent_run() {
    const RankKey key = run_->key;
    run_.reset();
    ports_.on_fact(ended_fact(key, Outcome::stopped, "stopped before it began", 0));
}

void Slot::abandon() {
    if (run_ && run_->is_sent) process_->kill();
    run_.reset();
}

void Slot::retire() {
    is_closed_ = true;
    warm_timer_.cancel();
    if (!run_ && process_ != nullptr) process_->kill();  // it holds nothing that could be lost
}

void Slot::close() {
    if (run_) stop(StopOrder::preempt);
    retire();
}

void Slot::reap() {
    if (process_ != nullptr) process_->reap();
}

void Slot::kill_after(Duration grace) {
    kill_timer_.expires_after(std::chrono::nanoseconds(grace.ns));
    std::weak_ptr<TrainerProcess> weak =
        process_;  // the handler may come when its successor is there
    kill_timer_.async_wait([weak](const boost::system::error_code& error) {
        const auto process = weak.lock();
        if (!error && process != nullptr) process->kill();
    });
}

// ---- what the trainer says

void Slot::on_message(const trainer_wire::FromTrainer& message) {
    if (ports_.on_heard && run_ && run_->is_sent) ports_.on_heard(run_->key, message);
    std::visit([this](const auto& m) { take(m); }, message);
}

void Slot::take(const trainer_wire::Ready&) {
    if (process_is_used_) return;
    process_is_ready_ = true;
    warm_again_ = kWarmAgainFirst;
    if (run_ && !run_->is_sent && is_of_wanted_kind() && !process_makes_room_) send_start();
}

void Slot::take(const trainer_wire::StoreOpened& message) {
    if (!leads()) return;
    ports_.on_fact(fact_of(run_->key, message));
}

void Slot::take(const trainer_wire::Running& message) {
    if (!leads()) return;
    run_->step = message.step;
    proto::Fact fact = fact_of(run_->key, message);
    add_lost_work(*fact.mutable_attempt_running(), run_->start.attempt_dir, run_->account_from);
    ports_.on_fact(std::move(fact));
}

void Slot::take(const trainer_wire::Progress& message) {
    if (!leads()) return;
    run_->step = message.step;
    ports_.on_sample(sample_of(run_->key, message));
}

void Slot::take(const trainer_wire::CheckpointDurable& message) {
    if (leads()) ports_.on_fact(fact_of(run_->key, message));
}

void Slot::take(const trainer_wire::EpochEnded& message) {
    if (leads()) ports_.on_fact(fact_of(run_->key, message));
}

void Slot::take(const trainer_wire::Profiled& message) {
    if (leads()) ports_.on_fact(fact_of(run_->key, message));
}

void Slot::take_last_word(LastWord word) {
    if (!run_ || !run_->is_sent || run_->last_word) return;
    run_->last_word = std::move(word);
    kill_after(kExitGrace);
}

// ---- its end

void Slot::on_end(const TrainerExit& exit) {
    kill_timer_.cancel();
    await_release(exit, Duration{});
}

/// A driver may take a moment longer to give memory back than the system to end a process.
void Slot::await_release(const TrainerExit& exit, Duration waited) {
    if (!options_.holds_device || waited >= kReleaseMax || !options_.holds_device(exit.pid)) {
        end(exit);
        return;
    }
    release_timer_.expires_after(std::chrono::nanoseconds(kReleaseInterval.ns));
    release_timer_.async_wait([this, exit, waited](const boost::system::error_code& error) {
        if (!error) await_release(exit, Duration{waited.ns + kReleaseInterval.ns});
    });
}

void Slot::end(const TrainerExit& exit) {
    process_.reset();
    const bool was_ready = std::exchange(process_is_ready_, false);
    const bool was_used = std::exchange(process_is_used_, false);
    const bool made_room = std::exchange(process_makes_room_, false);
    if (run_ && !made_room && (run_->is_sent || !was_used)) {
        const Run run = *std::exchange(run_, std::nullopt);
        report_end(run, exit);
    }
    if (was_ready || made_room) {
        warm();
    } else if (!is_closed_) {
        const std::string how = options_.name + ": a trainer did not come up: " + exit.describe();
        std::fprintf(stderr, "batchwright agent: %s\n", how.c_str());
        warm_later();
    }
    ports_.on_process_gone();
}

void Slot::report_end(const Run& run, const TrainerExit& exit) {
    if (run.last_word) {
        ports_.on_fact(ended_fact(run.key, *run.last_word));
        return;
    }
    // Killed from outside is nobody's fault; a program that cannot even come up uses up the job's
    // retries, so that it is not started for ever.
    const bool is_program = !run.start.program_json.empty();
    const bool is_own_fault =
        !exit.breach.empty() || ((!run.is_sent || is_program) && exit.signal == 0);
    const Outcome outcome = is_own_fault ? Outcome::failed : Outcome::died;
    std::string when =
        run.is_sent ? "the trainer ended without a word: " : "the trainer did not come up: ";
    if (run.is_sent && is_program) when = exit.signal != 0 ? "the program was " : "the program ";
    ports_.on_fact(ended_fact(run.key, outcome, when + exit.describe(), run.step));
}

}  // namespace bw::agent
