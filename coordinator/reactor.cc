#include "coordinator/reactor.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

namespace bw::coordinator {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t kEventsPerPiece = 1000;

Duration since(std::chrono::steady_clock::time_point begin) {
    return {std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count()};
}

}  // namespace

Instant now() {
    static std::int64_t latest =
        0;  // loop thread only; an Instant never goes back, whatever the wall clock does
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count();
    latest = std::max(latest, ns);
    return {latest};
}

Reactor::Reactor(asio::io_context& io, journal::Journal journal, core::State state)
    : io_(io),
      timer_(io),
      journal_(std::move(journal)),
      state_(std::move(state)),
      committer_([this] { commit_loop(); }) {}

Reactor::~Reactor() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    committer_.join();
}

void Reactor::submit(const core::Input& input, WhenDurable when_durable) {
    const auto begin = std::chrono::steady_clock::now();
    Batch batch;
    batch.events = core::decide(state_, input, now());
    for (const core::Event& event : batch.events) {
        core::apply(state_, event);
        for (core::Effect& effect : core::effects_of(state_, event))
            batch.effects.push_back(std::move(effect));
    }
    batch.when_durable = std::move(when_durable);
    batch.decided_in = since(begin);
    arm_timer();
    // An input without events still queues behind the commits before it: its acknowledgement must
    // not overtake them.
    if (batch.events.empty() && !batch.when_durable) return;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(batch));
    }
    wake_.notify_one();
}

void Reactor::commit_loop() {
    for (;;) {
        std::vector<Batch> group;
        bool reads = false;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] {
                return closing_ || !waiting_.empty() || !readings_.empty();
            });
            if (waiting_.empty() && closing_) return;
            group.swap(waiting_);
            reads = !readings_.empty() && !closing_;
        }
        if (!group.empty()) commit(std::move(group));
        if (reads) read_piece();
    }
}

void Reactor::commit(std::vector<Batch> group) {
    const Commit commit = write(group);
    auto shared = std::make_shared<std::vector<Batch>>(std::move(group));
    asio::post(io_, [this, shared, commit] { on_durable(std::move(*shared), commit); });
}

Commit Reactor::write(const std::vector<Batch>& group) {
    Commit commit;
    std::vector<std::vector<core::Event>> batches;
    for (const Batch& batch : group) {
        if (batch.events.empty()) continue;
        batches.push_back(batch.events);
        commit.events += batch.events.size();
        commit.decisions.push_back(batch.decided_in);
    }
    if (batches.empty()) return commit;
    const auto begin = std::chrono::steady_clock::now();
    if (const auto done = journal_.append_group(batches); !done) {
        std::fprintf(stderr, "batchwright coordinator: %s\n", done.error().message.c_str());
        std::_Exit(EXIT_FAILURE);
    }
    commit.took = since(begin);
    return commit;
}

void Reactor::read_journal(Visit visit, std::function<void(Result<void>)> done) {
    {
        const std::lock_guard lock(mutex_);
        readings_.push_back({std::move(visit), std::move(done), 0});
    }
    wake_.notify_one();
}

// One piece, so that a commit waits for no more than that.
void Reactor::read_piece() {
    Reading* reading = nullptr;
    {
        const std::lock_guard lock(mutex_);
        reading = &readings_.front();  // stays where it is while others are pushed behind it
    }
    const auto read = journal_.read(reading->at, kEventsPerPiece, reading->visit);
    if (read) reading->at = *read;
    if (read && *read < journal_.last_sequence()) return;
    const Result<void> outcome = read ? Result<void>() : Result<void>(read.error());
    asio::post(io_, [done = std::move(reading->done), outcome] { done(outcome); });
    const std::lock_guard lock(mutex_);
    readings_.pop_front();
}

void Reactor::on_durable(std::vector<Batch> batches, const Commit& commit) {
    if (ports_.committed && commit.events > 0) ports_.committed(commit);
    for (Batch& batch : batches) {
        for (const core::Event& event : batch.events) {
            if (ports_.publish) ports_.publish(event);
        }
        for (const core::Effect& effect : batch.effects) {
            if (ports_.carry_out) ports_.carry_out(effect);
        }
        if (batch.when_durable) batch.when_durable(state_);
    }
}

void Reactor::arm_timer() {
    const std::optional<Instant> next = core::next_timer(state_);
    if (!next) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::nanoseconds(next->ns)
        )
    ));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) tick();
    });
}

}  // namespace bw::coordinator
