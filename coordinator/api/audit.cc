#include "coordinator/api/audit.h"

#include "sweeps/parse.h"
#include "sweeps/points.h"

namespace bw::api {

namespace {

constexpr std::size_t kProblemsMax = 20;  // told of; all are counted

}  // namespace

void Audit::visit(std::uint64_t sequence, const core::Event& event) {
    sequence_ = sequence;
    ++events_;
    std::visit([this](const auto& fact) { on(fact); }, event);
}

void Audit::blame(const std::string& problem) {
    if (++problems_all_ > kProblemsMax) return;
    problems_.push_back("event " + std::to_string(sequence_) + ": " + problem);
}

Audit::Job* Audit::find(JobId id) {
    const auto job = jobs_.find(id);
    return job == jobs_.end() ? nullptr : &job->second;
}

std::string Audit::point(const Job& job) const { return "point " + std::to_string(job.ordinal); }

void Audit::on(const core::SweepSubmitted& event) {
    if (event.sweep != sweep_) return;
    if (submitted_) blame("the sweep was submitted twice under one number");
    submitted_ = true;
    const sweeps::Parsed parsed = sweeps::parse_sweep(event.text);
    if (parsed.sweep) total_ = sweeps::point_count(*parsed.sweep);
}

void Audit::on(const core::SweepLimitsChanged& event) {
    if (event.sweep != sweep_) return;
    search_ended_ = false;
    const sweeps::Parsed parsed = sweeps::parse_sweep(event.text);
    if (parsed.sweep) total_ = sweeps::point_count(*parsed.sweep);
}

void Audit::on(const core::SearchEnded& event) {
    if (event.sweep == sweep_) search_ended_ = true;
}

void Audit::on(const core::PointsSuggested& event) {
    if (event.sweep != sweep_) return;
    exhausted_ = exhausted_ || event.exhausted;
    for (const core::SuggestedPoint& suggested : event.points) {
        Job job;
        job.ordinal = suggested.ordinal;
        if (!ordinals_.insert(job.ordinal).second) blame(point(job) + " became a job twice");
        if (!jobs_.emplace(suggested.job, job).second)
            blame("job " + std::to_string(suggested.job.value) + " was made twice");
    }
}

void Audit::on(const core::SweepEnded& event) {
    if (event.sweep != sweep_) return;
    over_ = true;
    for (const auto& [id, job] : jobs_) {
        if (!job.ended) blame("the sweep ended while " + point(job) + " had no terminal state");
    }
}

void Audit::on(const core::AttemptPlaced& event) {
    Job* job = find(event.job);
    if (job == nullptr) return;
    const std::string attempt = "attempt " + std::to_string(event.attempt);
    if (job->ended) blame(point(*job) + ": " + attempt + " was placed after its end");
    if (job->live) {
        blame(
            point(*job) + ": " + attempt + " was placed while attempt " +
            std::to_string(*job->live) + " was live"
        );
    }
    if (event.attempt != job->attempts + 1)
        blame(point(*job) + ": " + attempt + " follows attempt " + std::to_string(job->attempts));
    job->attempts = event.attempt;
    job->live = event.attempt;
    job->ranks_live = event.slots.size();
    if (!event.resume) return;
    ++resumes_;
    if (!job->checkpoints.contains(event.resume->path)) {
        blame(
            point(*job) + ": " + attempt + " resumes from \"" + event.resume->path +
            "\", which was never accepted"
        );
    }
}

void Audit::on(const core::RankEnded& event) {
    Job* job = find(event.job);
    if (job == nullptr || job->live != event.attempt) return;
    if (job->ranks_live > 0) --job->ranks_live;
    if (job->ranks_live == 0) job->live.reset();
}

void Audit::on(const core::CheckpointAccepted& event) {
    Job* job = find(event.job);
    if (job == nullptr) return;
    ++checkpoints_;
    if (job->live != event.attempt) {
        blame(
            point(*job) + ": a checkpoint of attempt " + std::to_string(event.attempt) +
            " was accepted while " +
            (job->live ? "attempt " + std::to_string(*job->live) + " was live"
                       : "no attempt was live")
        );
    }
    job->checkpoints.insert(event.checkpoint.path);
}

void Audit::on(const core::JobEnded& event) {
    Job* job = find(event.job);
    if (job == nullptr) return;
    if (job->ended) {
        blame(
            point(*job) + " ended twice: " + core::name_of(*job->ended) + ", then " +
            core::name_of(event.state)
        );
    }
    if (!core::is_terminal(event.state))
        blame(point(*job) + " ended in a state that is none: " + core::name_of(event.state));
    const bool explains_itself = event.state == core::JobState::finished;
    if (event.reason.empty() && !explains_itself)
        blame(point(*job) + " ended " + core::name_of(event.state) + " without a reason");
    if (job->live) blame(point(*job) + " ended while its attempt was live");
    job->ended = event.state;
    job->reason = event.reason;
}

// A retry takes the terminal state back; there must be one to take back.
void Audit::on(const core::JobReopened& event) {
    Job* job = find(event.job);
    if (job == nullptr) return;
    if (!job->ended) blame(point(*job) + " was reopened though it had not ended");
    job->ended.reset();
    job->reason.clear();
}

void Audit::on(const core::SweepReopened& event) {
    if (event.sweep == sweep_) over_ = false;
}

nlohmann::json Audit::report() const {
    nlohmann::json ended = nlohmann::json::object();
    std::uint64_t attempts = 0, open = 0;
    for (const auto& [id, job] : jobs_) {
        attempts += job.attempts;
        if (!job.ended) {
            ++open;
            continue;
        }
        auto& number = ended[core::name_of(*job.ended)];
        number = number.is_null() ? 1 : number.get<std::uint64_t>() + 1;
    }
    std::vector<std::string> problems = problems_;
    if (!submitted_) problems.emplace_back("the journal has no such sweep");
    if (problems_all_ > problems_.size())
        problems.push_back("and " + std::to_string(problems_all_ - problems_.size()) + " more");
    const bool all_there = !total_ || search_ended_ || jobs_.size() == *total_;
    const bool ok = problems.empty();
    return {
        {"sweep", sweep_.value},
        {"ok", ok},
        {"complete", ok && over_ && open == 0 && all_there},
        {"over", over_},
        {"problems", problems},
        {"events", events_},
        {"total", total_ ? nlohmann::json(*total_) : nlohmann::json(nullptr)},
        {"points", jobs_.size()},
        {"ended", ended},
        {"open", open},
        {"attempts", attempts},
        {"checkpoints", checkpoints_},
        {"resumes", resumes_},
    };
}

}  // namespace bw::api
