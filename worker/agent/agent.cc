#include "worker/agent/agent.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "base/version.h"
#include "worker/agent/session.h"
#include "worker/agent/slot.h"
#include "worker/agent/spool.h"
#include "worker/agent/trainer_record.h"
#include "worker/agent/work_dir.h"

namespace bw::agent {

namespace asio = boost::asio;

namespace {

constexpr Duration kLastFactsTimeout = seconds(5);  // for acknowledgements when the agent leaves

class Agent {
public:
    explicit Agent(AgentOptions options);
    int run();

private:
    asio::awaitable<void> serve();
    Result<void> check_options() const;
    void open_slots();
    std::unique_ptr<Slot> make_slot(std::size_t index);
    void await_children();
    void await_signals();

    Session::Ports make_ports();
    proto::Hello make_hello() const;
    void add_held(proto::Hello& hello, const RankKey& key) const;
    void on_welcome(const proto::Welcome& welcome);
    void on_frame(const proto::Frame& frame);
    void start(const proto::StartRanks& order);
    void start_rank(const proto::StartRanks& order, const proto::RankOnSlot& where);
    bool is_repeated(const RankKey& key);
    template <class Order, class Act>
    void for_attempt(const Order& order, Act act);

    void on_fact(proto::Fact fact);
    void on_sample(const proto::Progress& sample);
    asio::awaitable<void> drop_ranks();
    asio::awaitable<void> wait_for_change(Duration limit);
    void leave(std::string reason);
    asio::awaitable<void> finish_leaving();
    bool all_gone() const;
    void end(int status);

    AgentOptions options_;
    asio::io_context io_{1};
    asio::signal_set child_ended_{io_, SIGCHLD};
    asio::signal_set stop_signals_{io_, SIGTERM, SIGINT};
    asio::steady_timer changed_{
        io_};  // cancelled when a process has gone or a fact was acknowledged
    std::optional<WorkDir> work_dir_;
    std::optional<Spool> spool_;
    std::vector<std::unique_ptr<Slot>> slots_;
    Session session_;
    std::uint64_t epoch_ = 0;

    struct Begun {
        std::uint32_t attempt = 0;
        std::set<int> ranks;
    };

    std::map<std::uint64_t, Begun>
        begun_;  // newest attempt of each job: what a repeated order is known by
    bool leaving_ = false;
    std::string leave_reason_;
    int status_ = kExitLeft;
};

Agent::Agent(AgentOptions options)
    : options_(std::move(options)),
      session_(
          io_,
          {options_.coordinator_host, options_.coordinator_port, options_.nonce_patience},
          make_ports()
      ) {}

Session::Ports Agent::make_ports() {
    Session::Ports ports;
    ports.make_hello = [this] { return make_hello(); };
    ports.on_welcome = [this](const proto::Welcome& welcome) { on_welcome(welcome); };
    ports.on_frame = [this](const proto::Frame& frame) { on_frame(frame); };
    ports.drop_ranks = [this] { return drop_ranks(); };
    ports.on_refused = [this](const std::string& why) {
        std::fprintf(stderr, "batchwright agent: %s\n", why.c_str());
        status_ = kExitRefused;
        leave("refused");
    };
    return ports;
}

/// For co_spawn: a coroutine that throws is a bug, and ends the process.
void rethrow(std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
}

int Agent::run() {
    if (const auto usable = check_options(); !usable) {
        std::fprintf(stderr, "batchwright agent: %s\n", usable.error().message.c_str());
        return kExitBadOptions;
    }
    await_children();
    await_signals();
    asio::co_spawn(io_, serve(), rethrow);
    io_.run();
    slots_.clear();
    return status_;
}

Result<void> Agent::check_options() const {
    if (::access(options_.trainer.c_str(), X_OK) == 0) return boost::system::in_place_value;
    return fail(
        Errc::not_found,
        "the trainer's program " + options_.trainer.string() +
            " is not there or not executable: it stands beside batchwright in a complete build"
    );
}

asio::awaitable<void> Agent::serve() {
    // An agent that was told to leave may need its whole grace, and then a little to die.
    const Duration patience{options_.grace.ns + seconds(10).ns};
    Result<WorkDir> taken = co_await WorkDir::take(options_.work_dir, patience);
    if (!taken) {
        std::fprintf(stderr, "batchwright agent: %s\n", taken.error().message.c_str());
        end(taken.error().code == Errc::in_use ? kExitInUse : kExitBadOptions);
        co_return;
    }
    work_dir_.emplace(std::move(*taken));
    Result<Spool> spool = Spool::open(work_dir_->spool());
    if (!spool) {
        std::fprintf(stderr, "batchwright agent: %s\n", spool.error().message.c_str());
        end(kExitBadOptions);
        co_return;
    }
    spool_.emplace(std::move(*spool));
    co_await end_recorded_trainers(work_dir_->trainer_records(), options_.grace);
    if (leaving_) {
        end(kExitLeft);
        co_return;
    }
    open_slots();
    co_await session_.run();
    changed_.cancel();  // finish_leaving() waits for it
}

void Agent::open_slots() {
    for (std::size_t i = 0; i < options_.slots.size(); ++i) slots_.push_back(make_slot(i));
    for (const auto& slot : slots_) slot->warm();
}

std::unique_ptr<Slot> Agent::make_slot(std::size_t index) {
    Slot::Options slot;
    slot.name = "slot " + std::to_string(index);
    slot.grace = options_.grace;
    slot.trainer.program = options_.trainer;
    slot.trainer.threads = options_.slots[index].threads;
    slot.trainer.log_file = options_.work_dir / ("warm-" + std::to_string(index) + ".log");
    slot.trainer.records_dir = work_dir_->trainer_records();
    Slot::Ports ports;
    ports.on_fact = [this](proto::Fact fact) { on_fact(std::move(fact)); };
    ports.on_sample = [this](const proto::Progress& sample) { on_sample(sample); };
    ports.on_process_gone = [this] { changed_.cancel(); };
    return std::make_unique<Slot>(io_, std::move(slot), std::move(ports));
}

void Agent::await_children() {
    child_ended_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        await_children();  // before reaping, else a death in between would be missed
        for (const auto& slot : slots_) slot->reap();
    });
}

void Agent::await_signals() {
    stop_signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        await_signals();
        if (!leaving_) {
            leave(signal == SIGINT ? "interrupted" : "terminated");
            return;
        }
        for (const auto& slot : slots_) slot->stop(StopOrder::kill);
    });
}

// ---- what the coordinator is told

proto::Hello Agent::make_hello() const {
    proto::Hello hello;
    hello.set_protocol_version(kWireProtocolVersion);
    hello.set_build_id(std::string(commit()));
    hello.set_token(options_.token);
    hello.set_agent_name(options_.name);
    hello.set_host(options_.host);
    hello.set_epoch(epoch_);
    for (const SlotOptions& slot : options_.slots) {
        proto::SlotInfo* info = hello.add_slots();
        info->set_kind(slot.kind);
        info->set_memory_limit_bytes(slot.memory_limit_bytes);
        info->set_threads(slot.threads);
    }
    for (const auto& slot : slots_) {
        if (const auto key = slot->held()) add_held(hello, *key);
    }
    // Ended, but the coordinator does not know it yet: the fact follows the welcome.
    for (const proto::Fact& fact : spool_->facts()) {
        const proto::RankEnded& ended = fact.rank_ended();
        if (fact.has_rank_ended()) add_held(hello, {ended.job(), ended.attempt(), ended.rank()});
    }
    return hello;
}

void Agent::add_held(proto::Hello& hello, const RankKey& key) const {
    proto::HeldRank* held = hello.add_held();
    held->set_job(key.job);
    held->set_attempt(key.attempt);
    held->set_rank(key.rank);
}

void Agent::on_welcome(const proto::Welcome& welcome) {
    epoch_ = welcome.epoch();
    proto::Frame frame;
    for (const proto::Fact& fact : spool_->facts()) {
        *frame.mutable_fact() = fact;
        session_.send(frame);
    }
}

void Agent::on_fact(proto::Fact fact) {
    const proto::Fact* kept = spool_->append(std::move(fact));
    if (kept == nullptr) return;
    proto::Frame frame;
    *frame.mutable_fact() = *kept;
    session_.send(frame);
    // After the frame is on its way, and once for all facts of this turn of the loop.
    asio::post(io_, [this] { spool_->sync(); });
}

void Agent::on_sample(const proto::Progress& sample) {
    proto::Frame frame;
    *frame.mutable_progress() = sample;
    session_.send_sample(frame);
}

// ---- what the coordinator orders

template <class Order, class Act>
void Agent::for_attempt(const Order& order, Act act) {
    for (const auto& slot : slots_) {
        const auto key = slot->held();
        if (key && key->job == order.job() && key->attempt == order.attempt()) act(*slot);
    }
}

void Agent::on_frame(const proto::Frame& frame) {
    switch (frame.kind_case()) {
        case proto::Frame::kStartRanks:
            start(frame.start_ranks());
            break;
        case proto::Frame::kRendezvous: {
            const proto::Rendezvous& where = frame.rendezvous();
            for_attempt(where, [&](Slot& slot) { slot.rendezvous({where.host(), where.port()}); });
            break;
        }
        case proto::Frame::kStopRanks: {
            const auto order = static_cast<StopOrder>(frame.stop_ranks().kind());
            for_attempt(frame.stop_ranks(), [order](Slot& slot) { slot.stop(order); });
            break;
        }
        case proto::Frame::kConfirmCheckpoint: {
            const std::int64_t step = frame.confirm_checkpoint().step();
            for_attempt(frame.confirm_checkpoint(), [step](Slot& slot) {
                slot.confirm_checkpoint(step);
            });
            break;
        }
        case proto::Frame::kAck:
            spool_->acknowledge(frame.ack().sequence());
            changed_.cancel();
            break;
        case proto::Frame::kDismiss:
            leave(frame.dismiss().reason());
            break;
        case proto::Frame::kHello:
        case proto::Frame::kFact:
        case proto::Frame::kProgress:
        case proto::Frame::kHeartbeat:
        case proto::Frame::kFarewell:
        case proto::Frame::kWelcome:
        case proto::Frame::kRejected:
        case proto::Frame::KIND_NOT_SET:
            break;  // a heartbeat, or of a newer coordinator
    }
}

bool Agent::is_repeated(const RankKey& key) {
    Begun& begun = begun_[key.job];
    if (key.attempt < begun.attempt) return true;
    if (key.attempt > begun.attempt) begun = {key.attempt, {}};
    return !begun.ranks.insert(key.rank).second;
}

void Agent::start(const proto::StartRanks& order) {
    if (leaving_) return;  // the farewell will say that nothing of it was begun
    for (const proto::RankOnSlot& where : order.ranks()) start_rank(order, where);
}

void Agent::start_rank(const proto::StartRanks& order, const proto::RankOnSlot& where) {
    const RankKey key{order.job(), order.attempt(), where.rank()};
    if (is_repeated(key)) return;
    if (where.slot() >= slots_.size()) {
        on_fact(ended_fact(
            key, Outcome::failed, "the agent has no slot " + std::to_string(where.slot()), 0
        ));
        return;
    }
    const SlotOptions& slot = options_.slots[where.slot()];
    trainer_wire::Start start;
    start.job = key.job;
    start.attempt = key.attempt;
    start.rank = key.rank;
    start.params_json = order.params_json();
    start.plan.global_batch = order.plan().global_batch();
    start.plan.group = order.plan().group();
    start.plan.micro_batch = order.plan().micro_batch();
    start.plan.world_size = order.plan().world_size();
    start.bn = order.bn();
    start.device = slot.kind;
    start.threads = slot.threads;
    start.checkpoint_steps = order.checkpoint_steps();
    start.attempt_dir = order.attempt_dir();
    start.resume_from = order.resume_path();
    start.data_path = options_.data_path;
    start.cache_dir = options_.cache_dir;
    start.host = options_.host;
    slots_[where.slot()]->start(std::move(start));
}

// ---- the end of an epoch, and of the agent

asio::awaitable<void> Agent::wait_for_change(Duration limit) {
    changed_.expires_after(std::chrono::nanoseconds(limit.ns));
    auto waiting = changed_.async_wait(asio::as_tuple(asio::use_awaitable));
    const std::tuple<boost::system::error_code> ignored = co_await std::move(waiting);
    static_cast<void>(ignored);
}

asio::awaitable<void> Agent::drop_ranks() {
    std::fprintf(
        stderr, "batchwright agent: was away for longer than its lease; ends its trainers\n"
    );
    for (const auto& slot : slots_) slot->abandon();
    const auto is_free = [](const auto& slot) { return slot->is_free(); };
    while (!std::all_of(slots_.begin(), slots_.end(), is_free))
        co_await wait_for_change(seconds(1));
    spool_->clear();
    epoch_ = 0;
}

bool Agent::all_gone() const {
    for (const auto& slot : slots_) {
        if (slot->has_process()) return false;
    }
    return true;
}

void Agent::leave(std::string reason) {
    if (std::exchange(leaving_, true)) return;
    leave_reason_ = std::move(reason);
    for (const auto& slot : slots_) slot->close();
    if (!spool_) return end(kExitLeft);  // nothing has begun
    asio::co_spawn(io_, finish_leaving(), rethrow);
}

asio::awaitable<void> Agent::finish_leaving() {
    while (!all_gone()) co_await wait_for_change(seconds(1));
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(kLastFactsTimeout.ns);
    while (session_.is_welcome() && !spool_->facts().empty() &&
           std::chrono::steady_clock::now() < deadline) {
        co_await wait_for_change(kLastFactsTimeout);
    }
    session_.leave(leave_reason_);
    while (session_.is_connected() && std::chrono::steady_clock::now() < deadline) {
        co_await wait_for_change(kLastFactsTimeout);
    }
    end(status_);
}

void Agent::end(int status) {
    status_ = status;
    io_.stop();
}

}  // namespace

int run_agent(const AgentOptions& options) {
    Agent agent(options);
    return agent.run();
}

}  // namespace bw::agent
