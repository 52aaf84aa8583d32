#include "worker/agent/agent.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "base/version.h"
#include "metrics/listener.h"
#include "metrics/scrape_token.h"
#include "worker/agent/meter.h"
#include "worker/agent/session.h"
#include "worker/agent/slots.h"
#include "worker/agent/spool.h"
#include "worker/agent/trainer_record.h"
#include "worker/agent/work_dir.h"

namespace bw::agent {

namespace asio = boost::asio;

namespace {

// For the coordinator to stop what runs here, once it was told that the agent leaves.
constexpr Duration kStopOrdersTimeout = seconds(2);
constexpr Duration kStopOrdersLook = milliseconds(100);  // a broken session wakes nobody
constexpr Duration kLastFactsTimeout = seconds(5);  // for acknowledgements when the agent leaves

Instant wall_clock() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

class Agent {
public:
    explicit Agent(AgentOptions options);
    int run();

private:
    Result<void> check_options() const;
    Session::Ports make_session_ports();
    Slot::Ports make_slot_ports();
    void await_children();
    void await_signals();
    bool has_just_lost_its_parent();
    asio::awaitable<void> serve();
    asio::awaitable<Result<void>> prepare();
    void serve_metrics();

    proto::Hello make_hello() const;
    void on_welcome(const proto::Welcome& welcome);
    void on_frame(const proto::Frame& frame);
    void on_fact(proto::Fact fact);
    void on_sample(const proto::Progress& sample);

    asio::awaitable<void> drop_ranks();
    asio::awaitable<void> wait_for_change(Duration limit);
    void leave(std::string reason);
    void ask_to_leave(std::string reason);
    void begin_to_leave(std::string reason);
    void say_that_it_leaves();
    asio::awaitable<void> wait_for_stop_orders();
    asio::awaitable<void> finish_leaving();
    void end(int status);

    const AgentOptions options_;
    asio::io_context io_{1};
    asio::signal_set child_ended_{io_, SIGCHLD};
    asio::signal_set stop_signals_{io_, SIGTERM, SIGINT};
    asio::steady_timer changed_{
        io_};  // cancelled when a process has gone or a fact was acknowledged
    std::optional<WorkDir> work_dir_;
    std::optional<Spool> spool_;
    Meter meter_;
    std::unique_ptr<metrics::Listener> metrics_;
    Slots slots_;
    Session session_;
    std::uint64_t epoch_ = 0;
    pid_t parent_ = ::getppid();
    bool leaving_ = false, was_signalled_ = false;
    std::string leave_reason_;
    int status_ = kExitLeft;
};

Agent::Agent(AgentOptions options)
    : options_(std::move(options)),
      meter_(options_, wall_clock()),
      slots_(io_, options_, make_slot_ports()),
      session_(
          io_,
          {options_.coordinator_host,
           options_.coordinator_port,
           options_.nonce_patience,
           options_.fingerprint.empty() ? wire::Security()
                                        : wire::Security::pinned(options_.fingerprint)},
          make_session_ports()
      ) {}

Session::Ports Agent::make_session_ports() {
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

Slot::Ports Agent::make_slot_ports() {
    Slot::Ports ports;
    ports.on_fact = [this](proto::Fact fact) { on_fact(std::move(fact)); };
    ports.on_sample = [this](const proto::Progress& sample) { on_sample(sample); };
    ports.on_process_gone = [this] { changed_.cancel(); };
    ports.on_heard = [this](const RankKey& key, const trainer_wire::FromTrainer& message) {
        meter_.hear(key, message, wall_clock());
    };
    ports.on_ordered = [this](const proto::StartRanks& order, const proto::RankOnSlot& where) {
        meter_.begin(order, where, wall_clock());
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
    serve_metrics();
    asio::co_spawn(io_, serve(), rethrow);
    io_.run();
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
    const Result<void> prepared = co_await prepare();
    if (!prepared) {
        std::fprintf(stderr, "batchwright agent: %s\n", prepared.error().message.c_str());
        end(prepared.error().code == Errc::in_use ? kExitInUse : kExitBadOptions);
        co_return;
    }
    if (leaving_) co_return;
    slots_.open(work_dir_->trainer_records());
    co_await session_.run();
    changed_.cancel();  // finish_leaving() waits for it
}

/// An agent that cannot be watched still works.
void Agent::serve_metrics() {
    if (options_.metrics_port < 0) return;
    boost::system::error_code not_numeric;
    asio::ip::make_address(options_.host, not_numeric);
    metrics::ListenerOptions where;
    where.address = not_numeric ? "0.0.0.0" : options_.host;
    where.port = static_cast<std::uint16_t>(options_.metrics_port);
    where.token = metrics::scrape_token_of(options_.token);
    auto listening = metrics::Listener::listen(io_, where, [this] {
        const std::size_t spooled = spool_ ? spool_->facts().size() : 0;
        return meter_.expose({slots_.view(), spooled, session_.is_welcome()}, wall_clock());
    });
    if (listening) {
        metrics_ = std::move(*listening);
        return;
    }
    const std::string& problem = listening.error().message;
    std::fprintf(stderr, "batchwright agent: no /metrics: %s\n", problem.c_str());
}

asio::awaitable<Result<void>> Agent::prepare() {
    // An agent that was told to leave may need its whole grace, and then a little to die.
    const Duration patience{options_.grace.ns + seconds(10).ns};
    Result<WorkDir> taken = co_await WorkDir::take(options_.work_dir, patience);
    if (!taken) co_return taken.error();
    work_dir_.emplace(std::move(*taken));
    Result<Spool> spool = Spool::open(work_dir_->spool());
    if (!spool) co_return spool.error();
    spool_.emplace(std::move(*spool));
    const std::vector<pid_t> earlier =
        co_await end_recorded_trainers(work_dir_->trainer_records(), options_.grace);
    co_await await_gpu_memory(options_.slots, earlier, Slot::kReleaseMax);
    co_return boost::system::in_place_value;
}

void Agent::await_children() {
    child_ended_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        await_children();  // before reaping, else a death in between would be missed
        slots_.reap_all();
    });
}

void Agent::await_signals() {
    stop_signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        await_signals();
        if (signal == SIGTERM && has_just_lost_its_parent()) {
            ask_to_leave("its supervisor has ended");
            return;
        }
        if (!std::exchange(was_signalled_, true)) {  // it may have been dismissed already
            ask_to_leave(signal == SIGINT ? "interrupted" : "terminated");
            return;
        }
        slots_.kill_all();
    });
}

/// mpirun ends its processes one second after SIGTERM, and their death is a SIGTERM here: that is
/// no second request, which would cost the running jobs their checkpoint.
bool Agent::has_just_lost_its_parent() {
    const pid_t parent = ::getppid();
    return std::exchange(parent_, parent) != parent;
}

// ---- what the coordinator is told

void add_held(proto::Hello& hello, const RankKey& key) {
    proto::HeldRank* held = hello.add_held();
    held->set_job(key.job);
    held->set_attempt(key.attempt);
    held->set_rank(key.rank);
}

proto::Hello Agent::make_hello() const {
    proto::Hello hello;
    hello.set_protocol_version(kWireProtocolVersion);
    hello.set_build_id(std::string(commit()));
    hello.set_token(options_.token);
    hello.set_agent_name(options_.name);
    hello.set_host(options_.host);
    hello.set_epoch(epoch_);
    hello.set_metrics_port(metrics_ ? metrics_->port() : 0);
    for (const SlotOptions& slot : options_.slots) {
        proto::SlotInfo* info = hello.add_slots();
        info->set_kind(slot.kind);
        info->set_memory_limit_bytes(slot.memory_limit_bytes);
        info->set_threads(slot.threads);
    }
    for (const RankKey& key : slots_.held()) add_held(hello, key);
    // Ended, but the coordinator does not know it yet: the fact follows the welcome.
    for (const proto::Fact& fact : spool_->facts()) {
        const proto::RankEnded& ended = fact.rank_ended();
        if (fact.has_rank_ended()) add_held(hello, {ended.job(), ended.attempt(), ended.rank()});
    }
    return hello;
}

void Agent::on_welcome(const proto::Welcome& welcome) {
    epoch_ = welcome.epoch();
    if (leaving_) say_that_it_leaves();
    proto::Frame frame;
    for (const proto::Fact& fact : spool_->facts()) {
        *frame.mutable_fact() = fact;
        session_.send(frame);
    }
}

void Agent::on_fact(proto::Fact fact) {
    meter_.note(fact, wall_clock());
    const proto::Fact* kept = spool_->append(std::move(fact));
    if (kept == nullptr) return;
    proto::Frame frame;
    *frame.mutable_fact() = *kept;
    session_.send(frame);
    // After the frame is on its way, and once for all facts of this turn of the loop.
    asio::post(io_, [this] { spool_->sync(); });
}

void Agent::on_sample(const proto::Progress& sample) {
    if (!session_.is_welcome()) meter_.count_dropped_sample();
    proto::Frame frame;
    *frame.mutable_progress() = sample;
    session_.send_sample(frame);
}

// ---- what the coordinator orders

void Agent::on_frame(const proto::Frame& frame) {
    switch (frame.kind_case()) {
        case proto::Frame::kStartRanks:
            // When it leaves, its farewell says that nothing of this was begun.
            if (!leaving_) slots_.carry_out(frame.start_ranks());
            break;
        case proto::Frame::kRendezvous:
            slots_.carry_out(frame.rendezvous());
            break;
        case proto::Frame::kStopRanks:
            slots_.carry_out(frame.stop_ranks());
            changed_.cancel();
            break;
        case proto::Frame::kConfirmCheckpoint:
            slots_.carry_out(frame.confirm_checkpoint());
            meter_.confirm_checkpoint(frame.confirm_checkpoint());
            break;
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
        case proto::Frame::kLeaving:
        case proto::Frame::kFarewell:
        case proto::Frame::kWelcome:
        case proto::Frame::kRejected:
        case proto::Frame::KIND_NOT_SET:
            break;  // a heartbeat, or of a newer coordinator
    }
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
    slots_.abandon_all();
    while (!slots_.all_are_free()) co_await wait_for_change(seconds(1));
    meter_.end_all(wall_clock());
    spool_->clear();
    epoch_ = 0;
}

void Agent::leave(std::string reason) {
    slots_.close_all();
    begin_to_leave(std::move(reason));
}

/// By the coordinator, which places nothing more here and stops a gang as one; without one, or when
/// nothing comes of it, the agent stops its ranks itself.
void Agent::ask_to_leave(std::string reason) {
    if (!session_.is_welcome()) return leave(std::move(reason));
    slots_.retire_all();
    begin_to_leave(std::move(reason));
    say_that_it_leaves();
}

void Agent::begin_to_leave(std::string reason) {
    if (std::exchange(leaving_, true)) return;
    leave_reason_ = std::move(reason);
    if (!spool_) return end(kExitLeft);  // nothing has begun
    asio::co_spawn(io_, finish_leaving(), rethrow);
}

void Agent::say_that_it_leaves() {
    proto::Frame frame;
    frame.mutable_leaving()->set_reason("it leaves: " + leave_reason_);
    session_.send(frame);
}

asio::awaitable<void> Agent::wait_for_stop_orders() {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(kStopOrdersTimeout.ns);
    while (session_.is_welcome() && !slots_.all_have_begun_to_stop() &&
           std::chrono::steady_clock::now() < deadline) {
        co_await wait_for_change(kStopOrdersLook);
    }
}

asio::awaitable<void> Agent::finish_leaving() {
    co_await wait_for_stop_orders();
    slots_.close_all();
    while (!slots_.all_processes_are_gone()) co_await wait_for_change(seconds(1));
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
