#include "coordinator/api/books.h"

#include <variant>
#include <vector>

namespace bw::api {

namespace {

using core::JobState;

std::vector<JobId> unfinished_of(const core::State& state, SweepId sweep) {
    std::vector<JobId> jobs;
    for (const JobId job : state.unfinished) {
        if (state.jobs.at(job).sweep == sweep) jobs.push_back(job);
    }
    return jobs;
}

// The jobs whose state an event may change: those that it names, or, when it names a sweep only,
// those of the sweep that have not ended.
std::vector<JobId> touched_by(const core::State& state, const core::Event& event) {
    return std::visit(
        [&state](const auto& fact) -> std::vector<JobId> {
            if constexpr (requires { fact.job; }) {
                return {fact.job};
            } else if constexpr (requires { fact.points; }) {
                std::vector<JobId> jobs;
                for (const core::SuggestedPoint& point : fact.points) jobs.push_back(point.job);
                return jobs;
            } else if constexpr (requires { fact.sweep; }) {
                return unfinished_of(state, fact.sweep);
            } else {
                return {};
            }
        },
        event
    );
}

void add(Books& books, const core::JobRecord& job, std::int64_t n) {
    auto& number = books.tallies[job.sweep][job.state];
    number = static_cast<std::uint64_t>(static_cast<std::int64_t>(number) + n);
}

void add_all(Books& books, const std::vector<JobId>& jobs, std::int64_t n) {
    for (const JobId id : jobs) {
        const auto job = books.state.jobs.find(id);
        if (job != books.state.jobs.end()) add(books, job->second, n);
    }
}

}  // namespace

Books make_books(core::State state) {
    Books books;
    books.state = std::move(state);
    for (const auto& [id, sweep] : books.state.sweeps) books.tallies[id];
    for (const auto& [id, job] : books.state.jobs) add(books, job, 1);
    return books;
}

void apply(Books& books, const core::Event& event) {
    const std::vector<JobId> touched = touched_by(books.state, event);
    add_all(books, touched, -1);
    core::apply(books.state, event);
    // A sweep whose points are searched has none at first, and is asked for all the same.
    if (const auto* submitted = std::get_if<core::SweepSubmitted>(&event); submitted != nullptr)
        books.tallies[submitted->sweep];
    add_all(books, touched, 1);
    for (const JobId id : touched) {
        const auto sample = books.progress.find(id);
        if (sample == books.progress.end()) continue;
        const auto job = books.state.jobs.find(id);
        const core::AttemptRecord* live =
            job == books.state.jobs.end() ? nullptr : core::live_attempt(job->second);
        if (live == nullptr || live->number != sample->second.attempt) books.progress.erase(sample);
    }
}

void note(Books& books, JobId id, const Progress& progress) {
    const auto job = books.state.jobs.find(id);
    if (job == books.state.jobs.end()) return;
    const core::AttemptRecord* live = core::live_attempt(job->second);
    if (live != nullptr && live->number == progress.attempt) books.progress[id] = progress;
}

std::uint64_t count(const Tally& tally, JobState state) {
    const auto found = tally.find(state);
    return found == tally.end() ? 0 : found->second;
}

std::uint64_t count_terminal(const Tally& tally) {
    std::uint64_t all = 0;
    for (const auto& [state, number] : tally) all += core::is_terminal(state) ? number : 0;
    return all;
}

std::uint64_t count_unsuccessful(const Tally& tally) {
    std::uint64_t all = 0;
    for (const auto& [state, number] : tally) all += core::is_unsuccessful(state) ? number : 0;
    return all;
}

}  // namespace bw::api
