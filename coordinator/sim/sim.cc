#include "coordinator/sim/sim.h"

#include <algorithm>

#include "coordinator/sim/agents.h"
#include "coordinator/sim/checks.h"
#include "coordinator/sim/coordinator.h"
#include "coordinator/sim/people.h"
#include "coordinator/sim/scenario.h"

namespace bw::sim {
namespace {

template <class Queue>
auto take(Queue& queue) {
    auto message = std::move(queue.front().message);
    queue.pop_front();
    return message;
}

class Simulation {
public:
    explicit Simulation(const SimOptions& options)
        : world_(options),
          agents_(world_),
          checks_(world_),
          coordinator_(world_, agents_, checks_),
          people_(world_, coordinator_),
          submissions_(make_scenario(world_)) {}

    // What still waits, and for what.
    std::string open_text() const {
        std::string text;
        const core::State& state = coordinator_.state();
        for (const SweepId id : state.open)
            text += "; sweep " + std::to_string(id.value) + " is open" +
                    (state.sweeps.at(id).exhausted ? ", all points suggested" : "") +
                    (state.sweeps.at(id).paused ? ", paused" : "");
        for (const JobId id : state.unfinished) {
            text += "; job " + std::to_string(id.value);
            for (const std::string& line : core::explain(state, id, world_.now()))
                text += " [" + line + "]";
        }
        return text;
    }

    SimOutcome run() {
        const std::int64_t end = world_.options.fault_ticks + world_.options.calm_ticks;
        for (; world_.tick <= end && world_.failure.empty() && !is_over(); ++world_.tick) advance();
        if (world_.failure.empty()) {
            world_.require(is_over(), "once faults are over, everything ends" + open_text());
            checks_.at_the_end(coordinator_.state(), people_, agents_.trainers());
        }
        outcome_.failure = world_.failure;
        outcome_.bad_tick = world_.bad_tick;
        outcome_.ticks = world_.tick;
        outcome_.trace_hash = checks_.trace_hash();
        outcome_.last_events = checks_.last_events();
        outcome_.events = checks_.events();
        outcome_.commands = people_.commands();
        outcome_.lost_steps = checks_.lost_steps();
        outcome_.jobs = std::ssize(coordinator_.state().jobs);
        for (const auto& [id, job] : coordinator_.state().jobs)
            outcome_.attempts += std::ssize(job.attempts);
        return outcome_;
    }

private:
    void advance() {
        if (world_.has_faults()) {
            inject_faults();
        } else if (world_.tick == world_.options.fault_ticks + 1) {
            agents_.heal_all();
            if (!coordinator_.is_up()) restarts_at_ = world_.tick;
        }
        if (!coordinator_.is_up() && restarts_at_ <= world_.tick) coordinator_.restart();
        agents_.trainers().advance();
        agents_.advance(coordinator_.is_up());
        deliver();
        if (!coordinator_.is_up()) return;
        submit();
        // Some commands may have come after the faults: once more until nothing is held.
        if (world_.tick > world_.options.fault_ticks && world_.tick % 50 == 1)
            people_.release_all();
        coordinator_.advance();
    }

    void deliver() {
        for (std::size_t i = 0; i < agents_.all().size(); ++i) {
            Link& link = agents_.all()[i].link;
            while (coordinator_.is_up() && link.is_up && is_due(link.to_coordinator)) {
                coordinator_.receive(i, take(link.to_coordinator));
            }
            while (link.is_up && is_due(link.to_agent)) agents_.receive(i, take(link.to_agent));
        }
    }

    template <class Queue>
    bool is_due(const Queue& queue) const {
        return !queue.empty() && queue.front().arrives <= world_.tick;
    }

    void submit() {
        for (Submission& one : submissions_) {
            if (one.is_acknowledged || one.at > world_.tick || one.again_at > world_.tick) continue;
            one.again_at = world_.tick + 20;
            core::SubmitSweep input;
            input.file_name = "sweep.yaml";
            input.text = one.text;
            coordinator_.give(input, [&one] { one.is_acknowledged = true; });
        }
    }

    void inject_faults() {
        const auto agent =
            static_cast<std::size_t>(world_.between(0, std::ssize(agents_.all()) - 1));
        if (world_.chance(15) && agents_.trainers().kill_one()) ++outcome_.trainer_deaths;
        if (world_.chance(8) && agents_.all()[agent].is_alive) {
            agents_.crash(agent);
            ++outcome_.agent_crashes;
        }
        if (world_.chance(20)) agents_.cut(agent);
        if (world_.chance(6)) {
            agents_.isolate(agent, world_.between(5, 3 * kLeaseTicks));
            ++outcome_.partitions;
        }
        if (world_.chance(4) && agents_.leave(agent)) ++outcome_.leavings;
        if (coordinator_.is_up()) people_.act();
        if (world_.chance(10) && coordinator_.is_up()) {
            coordinator_.crash();
            restarts_at_ = world_.tick + world_.between(1, 2 * kLeaseTicks);
            ++outcome_.coordinator_crashes;
        }
        if (world_.chance(100) && coordinator_.is_up()) repeat_a_report();
    }

    // Any report ever made may arrive once more, however late.
    void repeat_a_report() {
        if (agents_.said().empty()) return;
        auto [agent, report] = agents_.said(
        )[static_cast<std::size_t>(world_.between(0, std::ssize(agents_.said()) - 1))];
        const core::AgentRecord* record =
            core::find_agent(coordinator_.state(), agents_.all()[agent].name);
        if (record == nullptr) return;
        report.agent = record->id;
        if (world_.options.sabotage == Sabotage::trust_everybody) disguise(report, *record);
        coordinator_.give(report);
    }

    void disguise(core::AgentReport& report, const core::AgentRecord& agent) const {
        report.epoch = agent.epoch;
        std::visit(
            [this](auto& fact) {
                if constexpr (requires { fact.job; }) {
                    const auto job = coordinator_.state().jobs.find(fact.job);
                    if (job != coordinator_.state().jobs.end())
                        fact.attempt = static_cast<std::uint32_t>(job->second.attempts.size());
                }
            },
            report.fact
        );
    }

    [[nodiscard]] bool is_over() const {
        const bool all_submitted = std::ranges::all_of(submissions_, &Submission::is_acknowledged);
        return all_submitted && coordinator_.is_up() && coordinator_.state().open.empty();
    }

    World world_;
    Agents agents_;
    Checks checks_;
    Coordinator coordinator_;
    People people_;
    std::vector<Submission> submissions_;
    std::int64_t restarts_at_ = 0;
    SimOutcome outcome_;
};

}  // namespace

SimOutcome run_simulation(const SimOptions& options) { return Simulation(options).run(); }

}  // namespace bw::sim
