#include "coordinator/api/logs.h"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "coordinator/api/selectors.h"
#include "coordinator/http/json_text.h"
#include "coordinator/results/layout.h"
#include "coordinator/results/log_tail.h"

namespace bw::api {

namespace asio = boost::asio;
using Json = nlohmann::json;

namespace {

constexpr std::uint64_t kLinesDefault = 100;
constexpr auto kPollPeriod = std::chrono::milliseconds(200);
constexpr std::size_t kQueuedPiecesMax = 8;  // a slow reader is waited for

Error no_attempt(const core::JobRecord& job) {
    const std::string point =
        "point " + std::to_string(job.ordinal) + " of sweep " + std::to_string(job.sweep.value);
    if (job.attempts.empty()) {
        return fail(
            Errc::not_found,
            point + " has not run yet (" + core::name_of(job.state) +
                "), so there is no log; \"batchwright explain\" says what it waits for"
        );
    }
    return fail(
        Errc::not_found,
        point + " has attempts 1 to " + std::to_string(job.attempts.size()) + ", no other"
    );
}

}  // namespace

struct Logs::Source {
    JobId job;
    std::uint64_t sweep = 0, ordinal = 0;
    std::uint32_t attempt = 0;
    bool attempt_given = false, follows = false;
    int rank = 0;
    std::uint64_t lines = kLinesDefault;
    std::filesystem::path job_dir;

    [[nodiscard]] std::filesystem::path file() const {
        return job_dir / std::to_string(attempt) / results::log_name(rank);
    }
};

struct Logs::Stream {
    Stream(asio::io_context& loop, Source log) : source(std::move(log)), pause(loop) {}

    Source source;
    std::weak_ptr<http::Follower> follower;  // gone: the client is, too
    std::shared_ptr<results::LogTail> tail;  // used by one read at a time
    asio::steady_timer pause;
    bool at_end = false;  // when the read began, nothing more was to come
};

Logs::Logs(
    asio::io_context& loop, const CorePort& core, Replica& replica, std::filesystem::path state_dir
)
    : loop_(loop), core_(core), replica_(replica), state_dir_(std::move(state_dir)) {}

Logs::~Logs() {
    files_.stop();
    files_.join();
}

Result<Logs::Source> Logs::find_source(const Books& books, const Call& call) const {
    const auto sweep = pick_sweep(books.state, call.at("sweep"));
    if (!sweep) return sweep.error();
    const auto job = pick_job(books.state, **sweep, call.at("points"));
    if (!job) return job.error();
    const auto attempt = number_of(call, "attempt", (*job)->attempts.size(), 1'000'000'000);
    if (!attempt) return attempt.error();
    if (*attempt < 1 || *attempt > (*job)->attempts.size()) return no_attempt(**job);
    const std::size_t ranks = (*job)->attempts[*attempt - 1].ranks.size();
    const auto rank = number_of(call, "rank", 0, ranks - 1);
    if (!rank) return rank.error();
    const auto lines = number_of(call, "lines", kLinesDefault, results::kLogLinesMax);
    if (!lines) return lines.error();
    const auto follows = number_of(call, "follow", 0, 1);
    if (!follows) return follows.error();
    Source source;
    source.job = (*job)->id;
    source.sweep = (*sweep)->id.value;
    source.ordinal = (*job)->ordinal;
    source.attempt = static_cast<std::uint32_t>(*attempt);
    source.attempt_given = call.query.contains("attempt");
    source.follows = *follows == 1;
    source.rank = static_cast<int>(*rank);
    source.lines = *lines;
    source.job_dir = results::job_dir(state_dir_, **sweep, (*job)->ordinal);
    return source;
}

void Logs::answer(const Call& call, const http::Reply& reply) {
    replica_.ask<Result<Source>>(
        [this, call](const Books& books) { return find_source(books, call); },
        [this, reply](Result<Source> source) {
            if (!source) return reply(error_of(source.error()));
            if (source->follows) return follow(std::move(*source), reply);
            answer_end(std::move(*source), reply);
        }
    );
}

void Logs::answer_end(Source source, http::Reply reply) {
    asio::post(files_, [this, source, reply] {
        results::LogTail tail(source.file());
        tail.seek_last(source.lines);
        std::string text;
        for (;;) {
            const std::string piece = tail.read(results::LogTail::Until::file_end);
            if (piece.empty()) break;
            text += piece;
        }
        http::Response response;
        response.body = http::to_text({
            {"sweep", source.sweep},
            {"ordinal", source.ordinal},
            {"attempt", source.attempt},
            {"rank", source.rank},
            {"path", source.file().string()},
            {"text", text},
        });
        asio::post(loop_, [reply, response] { reply(response); });
    });
}

void Logs::follow(Source source, const http::Reply& reply) {
    const auto follower = std::make_shared<http::Follower>("");
    const auto stream = std::make_shared<Stream>(loop_, std::move(source));
    stream->follower = follower;
    stream->tail = std::make_shared<results::LogTail>(stream->source.file());
    asio::post(files_, [tail = stream->tail, lines = stream->source.lines] {
        tail->seek_last(lines);
    });
    http::Response response;
    response.follow = follower;
    reply(std::move(response));
    step(stream);
}

// Whether the file can grow no more.
bool Logs::is_at_end(Stream& stream) const {
    const core::JobRecord& job = core_.state().jobs.at(stream.source.job);
    const bool over = job.attempts.at(stream.source.attempt - 1).ended;
    const bool is_newest = stream.source.attempt == job.attempts.size();
    if (!over) return false;
    return core::is_terminal(job.state) || !is_newest || stream.source.attempt_given;
}

void Logs::step(std::shared_ptr<Stream> stream) {
    const auto follower = stream->follower.lock();
    if (!follower || follower->overflowed()) return;
    if (follower->queued() >= kQueuedPiecesMax) {
        stream->pause.expires_after(kPollPeriod);
        return stream->pause.async_wait([this, stream](const boost::system::error_code& error) {
            if (!error) step(stream);
        });
    }
    stream->at_end = is_at_end(*stream);
    asio::post(files_, [this, stream, tail = stream->tail, at_end = stream->at_end] {
        using Until = results::LogTail::Until;
        std::string text = tail->read(at_end ? Until::file_end : Until::line_end);
        asio::post(loop_, [this, stream, text] { on_piece(stream, text); });
    });
}

void Logs::on_piece(std::shared_ptr<Stream> stream, std::string text) {
    const auto follower = stream->follower.lock();
    if (!follower) return;
    Source& source = stream->source;
    if (!text.empty()) {
        const Json piece = {{"attempt", source.attempt}, {"rank", source.rank}, {"text", text}};
        follower->push(http::event_message("log", http::to_text(piece)));
        return step(std::move(stream));
    }
    if (!stream->at_end) {
        stream->pause.expires_after(kPollPeriod);
        return stream->pause.async_wait([this, stream](const boost::system::error_code& error) {
            if (!error) step(stream);
        });
    }
    const core::JobRecord& job = core_.state().jobs.at(source.job);
    if (!source.attempt_given && source.attempt < job.attempts.size()) {
        ++source.attempt;
        const auto ranks = static_cast<int>(job.attempts[source.attempt - 1].ranks.size());
        source.rank = std::min(source.rank, ranks - 1);
        stream->tail = std::make_shared<results::LogTail>(source.file());
        return step(std::move(stream));
    }
    const Json end = {{"state", core::name_of(job.state)}, {"reason", job.reason}};
    follower->push(http::event_message("ended", http::to_text(end)));
    follower->finish();
}

}  // namespace bw::api
