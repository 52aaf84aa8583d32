#include "coordinator/sim/checks.h"

#include "coordinator/core/core.h"
#include "coordinator/core/trace.h"
#include "coordinator/sim/people.h"
#include "coordinator/sim/trainers.h"

namespace bw::sim {
namespace {

std::string job_text(JobId id) { return "job " + std::to_string(id.value); }

bool stops(const core::SweepRecord& sweep) {
    const sweeps::Options& options = sweep.sweep->options;
    return sweep.sweep->early_terminate || !sweep.search_end.empty() ||
           options.stopper.rule != sweeps::Stopper::Rule::none;
}

}  // namespace

void Checks::on_event(const core::State& state, const core::Event& event) {
    const std::string line = "t=" + std::to_string(world_.tick) + " " + core::describe(event);
    trace_.update(line + "\n");
    last_.push_back(line);
    if (last_.size() > 50) last_.pop_front();
    ++events_;
    std::visit([this](const auto& e) { check(e); }, event);
    note(present_, event);
    for (const std::string& broken : core::broken_invariants(state)) world_.require(false, broken);
}

void Checks::check(const core::PointsSuggested& event) {
    std::uint64_t next = present_.points[event.sweep];
    for (const core::SuggestedPoint& point : event.points) {
        world_.require(point.ordinal == next, "points become jobs one by one, without gaps");
        ++next;
    }
}

void Checks::check(const core::AttemptPlaced& event) {
    world_.require(
        event.attempt == present_.attempts[event.job] + 1,
        job_text(event.job) + ": attempts are counted up by one"
    );
    world_.require(
        !present_.ended.contains(event.job),
        job_text(event.job) + ": it is not placed after its end"
    );
    world_.require(
        !present_.paused.contains(event.job),
        job_text(event.job) + ": it is not placed while paused"
    );
    for (const SlotRef& slot : event.slots) {
        world_.require(
            !present_.draining.contains(slot.agent),
            job_text(event.job) + ": it is not placed on an agent that is drained"
        );
    }
    const auto newest = present_.checkpoints.find(event.job);
    const std::int64_t step = newest == present_.checkpoints.end() ? 0 : newest->second;
    const std::int64_t resumed = event.resume ? event.resume->step : 0;
    world_.require(
        resumed == step, job_text(event.job) + ": it resumes from the newest accepted checkpoint"
    );
}

void Checks::check(const core::CheckpointAccepted& event) {
    world_.require(
        event.attempt == present_.attempts[event.job],
        job_text(event.job) + ": only the live attempt's checkpoint counts"
    );
}

void Checks::check(const core::AttemptRunning& event) {
    for (const core::LostWork& lost : event.lost) {
        world_.require(lost.attempt < event.attempt, "an attempt accounts for earlier ones");
        lost_steps_ += lost.steps;
    }
}

void Checks::check(const core::JobPaused& event) {
    world_.require(
        !present_.ended.contains(event.job),
        job_text(event.job) + ": it is not paused after its end"
    );
}

void Checks::check(const core::JobEnded& event) {
    world_.require(
        !present_.ended.contains(event.job), job_text(event.job) + ": it ends exactly once"
    );
}

void Checks::note(Known& known, const core::Event& event) {
    if (const auto* placed = std::get_if<core::AttemptPlaced>(&event))
        known.attempts[placed->job] = placed->attempt;
    if (const auto* at = std::get_if<core::CheckpointAccepted>(&event))
        known.checkpoints[at->job] = at->checkpoint.step;
    if (const auto* ended = std::get_if<core::JobEnded>(&event)) {
        known.ended[ended->job] = ended->state;
        known.paused.erase(ended->job);
    }
    if (const auto* reopened = std::get_if<core::JobReopened>(&event))
        known.ended.erase(reopened->job);
    if (const auto* paused = std::get_if<core::JobPaused>(&event)) known.paused.insert(paused->job);
    if (const auto* held = std::get_if<core::JobHeld>(&event)) known.paused.insert(held->job);
    if (const auto* promoted = std::get_if<core::JobPromoted>(&event))
        known.paused.erase(promoted->job);
    if (const auto* resumed = std::get_if<core::JobResumed>(&event))
        known.paused.erase(resumed->job);
    if (const auto* drained = std::get_if<core::AgentDraining>(&event))
        known.draining.insert(drained->agent);
    if (const auto* returned = std::get_if<core::AgentReturned>(&event))
        known.draining.erase(returned->agent);
    if (const auto* joined = std::get_if<core::AgentJoined>(&event))
        known.draining.erase(joined->agent);
    if (const auto* suggested = std::get_if<core::PointsSuggested>(&event)) {
        known.points[suggested->sweep] += suggested->points.size();
    }
}

void Checks::on_durable(const core::Event& event) { note(durable_, event); }

void Checks::on_restart(const core::State& state) {
    present_ = durable_;
    for (const auto& [job, ended] : durable_.ended) {
        const auto it = state.jobs.find(job);
        world_.require(
            it != state.jobs.end() && it->second.state == ended,
            job_text(job) + ": its durable end is there after a crash"
        );
    }
    for (const auto& [job, step] : durable_.checkpoints) {
        const auto it = state.jobs.find(job);
        const bool is_there =
            it != state.jobs.end() && it->second.checkpoint && it->second.checkpoint->step == step;
        world_.require(
            is_there, job_text(job) + ": its accepted checkpoint is there after a crash"
        );
    }
    for (const auto& [sweep, points] : durable_.points) {
        const auto it = state.sweeps.find(sweep);
        world_.require(
            it != state.sweeps.end() && it->second.jobs.size() == points,
            "every accepted job is there after a crash"
        );
    }
}

void Checks::at_the_end(const core::State& state, const People& people, const Trainers& trainers) {
    for (const auto& [id, job] : state.jobs) {
        world_.require(
            core::is_terminal(job.state), job_text(id) + ": it ends once faults are over"
        );
        check_result(state.sweeps.at(job.sweep), job, people.have_cancelled(job.sweep));
    }
    check_lost_work(state, trainers);
    for (const auto& [id, sweep] : state.sweeps) {
        world_.require(
            sweep.ended, "sweep " + std::to_string(id.value) + ": it ends once its jobs have"
        );
    }
}

// Every step that the trainers made is either one of the result's or was said to be lost, once.
// What a fenced attempt made after it was accounted for nobody can know.
void Checks::check_lost_work(const core::State& state, const Trainers& trainers) {
    for (const auto& [id, job] : state.jobs) {
        if (job.state != core::JobState::finished) continue;
        std::int64_t made = 0, unseen = 0, lost = 0, device_time = 0;
        for (const core::AttemptRecord& attempt : job.attempts) {
            lost += attempt.lost_steps;
            device_time += attempt.lost_steps * kStepTime.ns * std::ssize(attempt.ranks);
            const auto it = trainers.curves().find({id, attempt.number});
            if (it == trainers.curves().end()) continue;
            const Trainers::Curve& curve = it->second;
            made += curve.last - curve.first;
            if (&attempt != &job.attempts.back()) unseen += curve.last - curve.read;
        }
        world_.require(
            made - unseen == total_steps_of(job.ordinal) + lost,
            job_text(id) + ": the lost work is what was made twice"
        );
        std::int64_t booked = 0;
        for (const auto& [cause, time] : job.lost) booked += time.ns;
        world_.require(
            booked == device_time, job_text(id) + ": its books hold the device time of what it lost"
        );
    }
}

void Checks::check_result(
    const core::SweepRecord& sweep, const core::JobRecord& job, bool is_cancelled_on_request
) {
    const std::string name = job_text(job.id);
    if (job.state == core::JobState::cancelled) {
        world_.require(is_cancelled_on_request, name + ": it is cancelled only on request");
        return;
    }
    if (job.state == core::JobState::stopped) {
        world_.require(stops(sweep), name + ": it is stopped only by a rule of its sweep");
        return;
    }
    if (job.state == core::JobState::finished) {
        const std::string expected = weights_of(job.params_json, total_steps_of(job.ordinal));
        const bool is_same = job.result && job.result->weights_sha256 == expected;
        world_.require(is_same, name + ": its weights are those of an undisturbed run");
        world_.require(
            !is_poisoned(job.ordinal) || total_steps_of(job.ordinal) <= 6,
            name + ": what cannot work fails"
        );
        return;
    }
    world_.require(job.state == core::JobState::failed, name + ": it finishes or fails");
    const auto says = [&](const char* text) { return job.reason.find(text) != std::string::npos; };
    const bool is_right = says("poisoned")
                              ? is_poisoned(job.ordinal)
                              : says(" retries)") || says(" retry)") || says("without progress");
    world_.require(is_right, name + ": it fails only for a reason: " + job.reason);
}

}  // namespace bw::sim
