#include "coordinator/observe/observer.h"

#include <chrono>
#include <utility>

#include "coordinator/http/json_text.h"
#include "coordinator/observe/discovery.h"

namespace bw::observe {

namespace {

// Of the replica's thread, where the core's clock must not be read.
Instant wall_clock() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()};
}

}  // namespace

Observer::Observer(api::Api& api, ObserverOptions options)
    : replica_(api.replica()), options_(std::move(options)) {
    replica_.run([this](const api::Books& books) {
        meter_.emplace(books, options_.events, wall_clock());
    });
    replica_.follow([this](const api::Books& books, const core::Event& event) {
        meter_->note(books, event, wall_clock());
    });
    api.watch([this](const api::Answered& answered) {
        replica_.run([this, answered](const api::Books&) { meter_->note_request(answered); });
    });
    add_routes(api);
}

void Observer::add_routes(api::Api& api) {
    const auto add = [&](const char* pattern,
                         std::function<http::Response(const api::Books&)> read) {
        api.add(
            {"GET",
             pattern,
             {},
             [this, read = std::move(read)](const api::Call&, http::Reply reply) {
                 replica_.ask<http::Response>(read, std::move(reply));
             }}
        );
    };
    add("/metrics", [this](const api::Books& books) {
        metrics::Exposition page = meter_->expose(books, journal_bytes(), wall_clock());
        return http::Response{200, std::move(page.body), std::move(page.content_type)};
    });
    add("/sd", [](const api::Books& books) {
        return http::Response{200, http::to_text(targets_of(books.state)), "application/json"};
    });
}

void Observer::note_commit(Duration took, std::vector<Duration> decisions, std::uint64_t events) {
    replica_.run([this, took, events, decisions = std::move(decisions)](const api::Books&) {
        meter_->note_commit(took, events, decisions);
    });
}

void Observer::note_dispatch(const core::StartRanks& start) {
    const AttemptId attempt{start.job, start.attempt};
    replica_.run([this, attempt, now = wall_clock()](const api::Books& books) {
        meter_->note_dispatch(books, attempt, now);
    });
}

std::uint64_t Observer::journal_bytes() const {
    std::uint64_t bytes = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code missing;
        const auto size = std::filesystem::file_size(options_.journal.string() + suffix, missing);
        bytes += missing ? 0 : size;
    }
    return bytes;
}

}  // namespace bw::observe
