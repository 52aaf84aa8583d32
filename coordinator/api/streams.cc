#include "coordinator/api/streams.h"

#include <optional>
#include <utility>

#include "coordinator/api/running_plan.h"
#include "coordinator/api/selectors.h"
#include "coordinator/http/json_text.h"

namespace bw::api {

namespace {

std::string topic_of(SweepId sweep) { return "sweep/" + std::to_string(sweep.value); }

struct Beginning {
    SweepId sweep;
    bool over = false;
    std::string text;
};

// The jobs whose state an event changes. A rank's end changes none: the event that follows from it
// does.
std::vector<JobId> changed_jobs(const core::Event& event) {
    return std::visit(
        [](const auto& fact) -> std::vector<JobId> {
            using Fact = std::decay_t<decltype(fact)>;
            constexpr bool is_silent = std::is_same_v<Fact, core::RankEnded> ||
                                       std::is_same_v<Fact, core::StoreOpened> ||
                                       std::is_same_v<Fact, core::EpochMeasured>;
            if constexpr (requires { fact.job; } && !is_silent) {
                return {fact.job};
            } else {
                return {};
            }
        },
        event
    );
}

Json epoch_json(const core::JobRecord& job, const core::EpochMeasured& measured) {
    Json values = Json::object();
    for (const auto& [name, value] : measured.values) values[name] = finite_or_null(value);
    return {
        {"ordinal", job.ordinal},
        {"epoch", measured.epoch},
        {"step", measured.step},
        {"values", values}};
}

}  // namespace

void Streams::answer(const Call& call, const http::Reply& reply) {
    replica_.ask<Result<Beginning>>(
        [this, text = call.at("sweep"), now = now_()](const Books& books) -> Result<Beginning> {
            const auto sweep = pick_sweep(books.state, text);
            if (!sweep) return sweep.error();
            const View view{books, now, state_dir_};
            const std::string begin =
                http::event_message("snapshot", http::to_text(sweep_detail_json(view, **sweep)));
            return Beginning{(*sweep)->id, (*sweep)->ended, begin};
        },
        [this, reply](const Result<Beginning>& begin) {
            if (!begin) return reply(error_of(begin.error()));
            http::Response response;
            response.follow = std::make_shared<http::Follower>(topic_of(begin->sweep));
            response.follow->push(begin->text);
            if (begin->over && !unwritten_.contains(begin->sweep))
                response.follow->push(http::event_message("ended", "{}"));
            feed_.follow(response.follow);
            reply(std::move(response));
        }
    );
}

void Streams::publish(const core::Event& event) {
    const auto* measured = std::get_if<core::EpochMeasured>(&event);
    const std::vector<JobId> changed = changed_jobs(event);
    if (measured == nullptr && changed.empty()) return;
    const auto epoch = measured == nullptr ? std::nullopt : std::optional(*measured);
    replica_.ask<std::vector<Message>>(
        [this, epoch, changed, now = now_()](const Books& books) {
            const View view{books, now, state_dir_};
            std::vector<Message> messages;
            if (epoch) {
                const core::JobRecord& job = books.state.jobs.at(epoch->job);
                const std::string json = http::to_text(epoch_json(job, *epoch));
                messages.push_back({topic_of(job.sweep), "epoch", json});
            }
            for (const JobId id : changed) {
                const core::JobRecord& job = books.state.jobs.at(id);
                messages.push_back({topic_of(job.sweep), "job", http::to_text(job_json(view, job))}
                );
            }
            return messages;
        },
        [this](const std::vector<Message>& messages) {
            for (const Message& message : messages)
                feed_.publish(message.topic, message.name, message.json);
        }
    );
}

void Streams::publish_progress(const core::JobRecord& job, const Progress& progress) {
    Json data = {
        {"ordinal", job.ordinal},
        {"step", progress.step},
        {"total_steps", progress.total_steps},
        {"epoch", progress.epoch},
        {"loss", finite_or_null(progress.loss)},
        {"samples_per_second", finite_or_null(progress.samples_per_second)},
    };
    add_running_plan(data, progress.plan);
    feed_.publish(topic_of(job.sweep), "progress", http::to_text(data));
}

void Streams::announce_results(SweepId sweep) {
    // Behind what the replica still has to tell of the sweep's last jobs.
    replica_.ask<SweepId>(
        [sweep](const Books&) { return sweep; },
        [this](SweepId id) {
            unwritten_.erase(id);
            feed_.publish(topic_of(id), "ended", "{}");
        }
    );
}

}  // namespace bw::api
