// The server's side of a session, frame by frame: a peer that says exactly what the test wants.
#include "coordinator/net/agent_server.h"

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <frames.pb.h>
#include <gtest/gtest.h>

#include "base/version.h"
#include "coordinator/core/core.h"
#include "wire/channel.h"

namespace bw::net {
namespace {

namespace asio = boost::asio;

/// An agent's end of a connection. Keeps every frame but heartbeats, which it counts.
class Peer {
public:
    Peer(asio::io_context& io, std::uint16_t port) {
        asio::ip::tcp::socket socket(io);
        socket.connect({asio::ip::make_address("127.0.0.1"), port});
        channel_ = std::make_shared<wire::Channel>(std::move(socket), seconds(10));
    }

    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    void send(const proto::Frame& frame) { channel_->send(frame); }

    void close() { channel_->close(); }

    std::deque<proto::Frame> frames;
    int heartbeats = 0;
    bool ended = false;

    /// The reader holds its peer, which so outlives the test that looks at it.
    static asio::awaitable<void> read(std::shared_ptr<Peer> peer) {
        for (;;) {
            const Result<proto::Frame> frame = co_await peer->channel_->read(seconds(60));
            if (!frame) break;
            if (frame->has_heartbeat()) {
                ++peer->heartbeats;
            } else {
                peer->frames.push_back(*frame);
            }
        }
        peer->ended = true;
    }

private:
    std::shared_ptr<wire::Channel> channel_;
};

class Server : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "bw-net-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }

    void TearDown() override {
        for (const auto& peer : peers_) peer->close();
        server_.reset();
        io_.restart();
        io_.poll();
        std::filesystem::remove_all(folder_);
    }

    void listen() {
        AgentServerOptions options;
        options.port = port_;
        options.token = "secret";
        options.lease = lease_;
        options.state_dir = folder_;
        options.attempt_dir = [](const core::StartRanks& start) {
            return "/attempts/" + std::to_string(start.job.value);
        };
        auto server = AgentServer::listen(
            io_,
            options,
            state_,
            [this](core::Input input, std::function<void(const core::State&)> when_durable) {
                post(input, std::move(when_durable));
            },
            [this](const proto::Progress& progress) { samples_.push_back(progress.step()); }
        );
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
        port_ = server_->port();
    }

    /// Decides and applies at once; what waits for the fsync runs in commit().
    void post(const core::Input& input, std::function<void(const core::State&)> when_durable) {
        inputs_.push_back(input);
        for (const core::Event& event : core::decide(state_, input, Instant{1})) {
            core::apply(state_, event);
            for (core::Effect& effect : core::effects_of(state_, event))
                effects_.push_back(std::move(effect));
        }
        uncommitted_.push_back(std::move(when_durable));
        if (commits_at_once_) asio::post(io_, [this] { commit(); });
    }

    void commit() {
        while (!uncommitted_.empty()) {
            const auto done = std::move(uncommitted_.front());
            uncommitted_.pop_front();
            if (done) done(state_);
        }
    }

    template <class Done>
    void run_until(Done done) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        bool is_done = done();
        while (!is_done && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_one_for(std::chrono::milliseconds(5));
            is_done = done();
        }
        ASSERT_TRUE(is_done);
    }

    Peer& connect() {
        peers_.push_back(std::make_shared<Peer>(io_, port_));
        asio::co_spawn(io_, Peer::read(peers_.back()), asio::detached);
        return *peers_.back();
    }

    proto::Frame next_frame(Peer& peer) {
        run_until([&] { return !peer.frames.empty(); });
        if (peer.frames.empty()) return {};
        proto::Frame frame = peer.frames.front();
        peer.frames.pop_front();
        return frame;
    }

    static proto::Frame hello(std::uint64_t epoch = 0) {
        proto::Frame frame;
        proto::Hello* hello = frame.mutable_hello();
        hello->set_protocol_version(kWireProtocolVersion);
        hello->set_build_id(std::string(commit_of_this_build()));
        hello->set_token("secret");
        hello->set_agent_name("host/0");
        hello->set_host("10.0.0.1");
        hello->set_epoch(epoch);
        hello->add_slots()->set_kind("cpu");
        return frame;
    }

    static std::string_view commit_of_this_build() { return bw::commit(); }

    void submit_one_job() {
        post(
            core::SubmitSweep{
                "test.yaml",
                "method: grid\nmetric: {name: test_accuracy, goal: maximize}\nparameters:\n"
                "  model: {value: cnn}\n  dataset: {value: fashion_mnist}\n"
                "  num_epochs: {value: 1}\n  batch_size: {value: 32}\n",
                false},
            {}
        );
        ASSERT_EQ(state_.jobs.size(), 1u);
        commit();
        inputs_.clear();
    }

    /// A session that has been welcomed.
    proto::Welcome join(Peer& peer, std::uint64_t epoch = 0) {
        peer.send(hello(epoch));
        return next_frame(peer).welcome();
    }

    static proto::Frame ended_fact(std::uint64_t sequence) {
        proto::Frame frame;
        frame.mutable_fact()->set_sequence(sequence);
        proto::RankEnded* ended = frame.mutable_fact()->mutable_rank_ended();
        ended->set_job(1);
        ended->set_attempt(1);
        ended->set_outcome(1);
        return frame;
    }

    std::string refusal_of(const proto::Frame& hello_frame) {
        Peer& peer = connect();
        peer.send(hello_frame);
        const std::string reason = next_frame(peer).rejected().reason();
        run_until([&] { return peer.ended; });
        EXPECT_TRUE(inputs_.empty());
        return reason;
    }

    template <class Input>
    std::size_t count_inputs() const {
        std::size_t count = 0;
        for (const core::Input& input : inputs_)
            count += std::holds_alternative<Input>(input) ? 1 : 0;
        return count;
    }

    std::filesystem::path folder_;
    asio::io_context io_;
    core::State state_;
    std::uint16_t port_ = 0;
    Duration lease_ = seconds(20);
    bool commits_at_once_ = true;
    std::vector<core::Input> inputs_;
    std::vector<core::Effect> effects_;  // the tests carry them out
    std::deque<std::function<void(const core::State&)>> uncommitted_;
    std::vector<std::int64_t> samples_;
    std::unique_ptr<AgentServer> server_;
    std::vector<std::shared_ptr<Peer>> peers_;
};

// ---- hello

TEST_F(Server, WelcomeCarriesTheLeaseAndTheStateDirectorysNonce) {
    listen();
    const proto::Welcome welcome = join(connect());
    EXPECT_EQ(welcome.agent(), 1u);
    EXPECT_EQ(welcome.epoch(), 1u);
    EXPECT_EQ(welcome.lease_ms(), 20'000);
    EXPECT_EQ(welcome.state_dir(), folder_.string());
    std::ifstream file(folder_ / "nonce");
    const std::string nonce{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(nonce.size(), 32u);
    EXPECT_EQ(welcome.state_nonce(), nonce);
}

TEST_F(Server, OtherProtocolVersionIsRefusedWithBothNamed) {
    listen();
    proto::Frame frame = hello();
    frame.mutable_hello()->set_protocol_version(kWireProtocolVersion + 7);
    EXPECT_EQ(
        refusal_of(frame),
        "the agent speaks protocol version " + std::to_string(kWireProtocolVersion + 7) +
            ", the coordinator version " + std::to_string(kWireProtocolVersion) +
            ": start both from the same build"
    );
}

TEST_F(Server, OtherBuildIsRefusedWithBothNamed) {
    listen();
    proto::Frame frame = hello();
    frame.mutable_hello()->set_build_id("abc123");
    EXPECT_EQ(
        refusal_of(frame),
        "the agent is of build abc123, the coordinator of build " +
            std::string(commit_of_this_build()) + ": start both from the same build"
    );
}

TEST_F(Server, WrongTokenIsRefused) {
    listen();
    proto::Frame frame = hello();
    frame.mutable_hello()->set_token("guess");
    EXPECT_EQ(refusal_of(frame), "the agent's token is not the coordinator's");
}

TEST_F(Server, PeerThatSpeaksAnotherLanguageIsDropped) {
    listen();
    asio::ip::tcp::socket socket(io_);
    socket.connect({asio::ip::make_address("127.0.0.1"), port_});
    asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
    bool ended = false;
    char byte = 0;
    socket.async_read_some(
        asio::buffer(&byte, 1),
        [&](const boost::system::error_code& error, std::size_t) {
            ended = static_cast<bool>(error);
        }
    );
    run_until([&] { return ended; });
    EXPECT_TRUE(inputs_.empty());
}

TEST_F(Server, HeldRanksOfAnUnknownEpochMustEndFirst) {
    listen();
    Peer& peer = connect();
    proto::Frame frame = hello(9);
    frame.mutable_hello()->add_held()->set_job(1);
    peer.send(frame);
    EXPECT_TRUE(next_frame(peer).welcome().drop_held_ranks());
    run_until([&] { return peer.ended; });
    EXPECT_TRUE(inputs_.empty());
}

TEST_F(Server, AgentLiveBeforeTheRestartKeepsItsEpoch) {
    listen();
    join(connect());
    server_.reset();
    listen();
    Peer& peer = connect();
    proto::Frame frame = hello(1);
    frame.mutable_hello()->add_held()->set_job(1);
    peer.send(frame);
    const proto::Welcome welcome = next_frame(peer).welcome();
    EXPECT_FALSE(welcome.drop_held_ranks());
    EXPECT_EQ(welcome.epoch(), 1u);
}

TEST_F(Server, FreshAgentOfTheSameNameTakesTheFirstOnesPlace) {
    listen();
    Peer& first = connect();
    join(first);
    const proto::Welcome welcome = join(connect());
    EXPECT_EQ(welcome.epoch(), 2u);
    EXPECT_EQ(
        next_frame(first).rejected().reason(),
        "another agent named host/0 has joined in this one's place"
    );
}

TEST_F(Server, ReconnectOfTheSameProcessClosesTheOldConnection) {
    listen();
    Peer& first = connect();
    const std::uint64_t epoch = join(first).epoch();
    EXPECT_EQ(join(connect(), epoch).epoch(), epoch);
    run_until([&] { return first.ended; });
    EXPECT_TRUE(first.frames.empty());
    EXPECT_EQ(count_inputs<core::AgentGone>(), 0u);
}

// ---- facts

TEST_F(Server, FactIsAcknowledgedOnlyWhenItIsDurable) {
    listen();
    Peer& peer = connect();
    join(peer);
    commits_at_once_ = false;
    peer.send(ended_fact(1));
    run_until([&] { return uncommitted_.size() == 1; });
    io_.poll();
    EXPECT_TRUE(peer.frames.empty());
    commit();
    EXPECT_EQ(next_frame(peer).ack().sequence(), 1u);
}

TEST_F(Server, RepeatedFactIsAcknowledgedAgainButReportedOnce) {
    listen();
    Peer& peer = connect();
    const std::uint64_t epoch = join(peer).epoch();
    peer.send(ended_fact(1));
    EXPECT_EQ(next_frame(peer).ack().sequence(), 1u);
    Peer& again = connect();
    join(again, epoch);
    again.send(ended_fact(1));
    again.send(ended_fact(2));
    EXPECT_EQ(next_frame(again).ack().sequence(), 1u);
    EXPECT_EQ(next_frame(again).ack().sequence(), 2u);
    EXPECT_EQ(count_inputs<core::AgentReport>(), 2u);
}

TEST_F(Server, NewProcessOfAnAgentCountsItsFactsFromOne) {
    listen();
    Peer& peer = connect();
    join(peer);
    peer.send(ended_fact(1));
    EXPECT_EQ(next_frame(peer).ack().sequence(), 1u);
    Peer& next = connect();
    EXPECT_EQ(join(next).epoch(), 2u);
    next.send(ended_fact(1));
    EXPECT_EQ(next_frame(next).ack().sequence(), 1u);
    EXPECT_EQ(count_inputs<core::AgentReport>(), 2u);
}

TEST_F(Server, SamplesArePassedOn) {
    listen();
    Peer& peer = connect();
    join(peer);
    proto::Frame frame;
    frame.mutable_progress()->set_step(42);
    peer.send(frame);
    run_until([&] { return !samples_.empty(); });
    EXPECT_EQ(samples_.front(), 42);
}

// ---- orders

TEST_F(Server, OrdersThatFollowFromAHelloAreSentAfterItsWelcome) {
    listen();
    submit_one_job();
    commits_at_once_ = false;
    Peer& peer = connect();
    peer.send(hello());
    run_until([&] { return uncommitted_.size() == 1; });
    ASSERT_EQ(effects_.size(), 1u);
    server_->carry_out(effects_.front());
    commit();
    EXPECT_TRUE(next_frame(peer).has_welcome());
    const proto::StartRanks sent = next_frame(peer).start_ranks();
    EXPECT_EQ(sent.job(), 1u);
    EXPECT_EQ(sent.attempt_dir(), "/attempts/1");
}

TEST_F(Server, TheStartOfAProgramCarriesItsWordsAndItsStep) {
    listen();
    Peer& peer = connect();
    join(peer);
    core::StartRanks start;
    start.agent = {1};
    start.epoch = 1;
    start.job = {8};
    start.attempt = 2;
    start.ranks = {{0, 0}};
    start.resume_step = 1LL << 40;
    start.program_json = R"({"program":"train.py","command":null})";
    server_->carry_out(start);
    const proto::StartRanks sent = next_frame(peer).start_ranks();
    EXPECT_EQ(sent.program_json(), start.program_json);
    EXPECT_EQ(sent.resume_step(), start.resume_step);
}

// A start is being made durable when its agent comes back without it: the hello ends the attempt,
// and the start must not reach the slot that holds the next one.
TEST_F(Server, StartThatAHelloHasOvertakenIsNotSent) {
    listen();
    submit_one_job();
    Peer& first = connect();
    const std::uint64_t epoch = join(first).epoch();
    ASSERT_EQ(effects_.size(), 1u);
    const core::Effect overtaken = effects_.front();
    commits_at_once_ = false;
    Peer& peer = connect();
    peer.send(hello(epoch));
    run_until([&] { return uncommitted_.size() == 1; });
    server_->carry_out(overtaken);
    server_->carry_out(core::StopRanks{{1}, epoch, {6}, 1, core::StopKind::kill});
    commit();
    EXPECT_TRUE(next_frame(peer).has_welcome());
    EXPECT_EQ(next_frame(peer).stop_ranks().job(), 6u);
}

TEST_F(Server, OrderOfAnEarlierEpochIsDropped) {
    listen();
    join(connect());
    Peer& peer = connect();
    EXPECT_EQ(join(peer).epoch(), 2u);
    server_->carry_out(core::StopRanks{{1}, 1, {5}, 1, core::StopKind::kill});
    server_->carry_out(core::StopRanks{{1}, 2, {6}, 1, core::StopKind::cancel});
    const proto::StopRanks sent = next_frame(peer).stop_ranks();
    EXPECT_EQ(sent.job(), 6u);
    EXPECT_EQ(sent.kind(), 2);
}

// ---- leases

TEST_F(Server, SilentAgentIsReportedGoneOnce) {
    lease_ = milliseconds(90);
    listen();
    Peer& peer = connect();
    join(peer);
    run_until([&] { return peer.ended; });
    run_until([&] { return count_inputs<core::AgentGone>() == 1; });
    EXPECT_GE(peer.heartbeats, 1);
}

TEST_F(Server, AnyFrameKeepsTheLease) {
    lease_ = milliseconds(600);
    listen();
    Peer& peer = connect();
    join(peer);
    const auto begin = std::chrono::steady_clock::now();
    auto next = begin;
    run_until([&] {  // for two and a half leases
        const auto now = std::chrono::steady_clock::now();
        proto::Frame frame;
        frame.mutable_heartbeat();
        if (now > next) {
            peer.send(frame);
            next = now + std::chrono::milliseconds(50);
        }
        return now - begin > std::chrono::milliseconds(1500);
    });
    EXPECT_EQ(count_inputs<core::AgentGone>(), 0u);
    EXPECT_FALSE(peer.ended);
}

TEST_F(Server, BrokenConnectionAloneEndsNoLease) {
    listen();
    Peer& peer = connect();
    const std::uint64_t epoch = join(peer).epoch();
    peer.close();
    Peer& again = connect();
    EXPECT_EQ(join(again, epoch).epoch(), epoch);
    EXPECT_EQ(count_inputs<core::AgentGone>(), 0u);
}

TEST_F(Server, AgentThatLeavesIsDrainedUnderItsEpoch) {
    listen();
    Peer& peer = connect();
    const proto::Welcome welcome = join(peer);
    proto::Frame frame;
    frame.mutable_leaving()->set_reason("it leaves: terminated");
    peer.send(frame);
    run_until([&] { return count_inputs<core::DrainAgent>() == 1; });
    const auto drain = std::get<core::DrainAgent>(inputs_.back());
    EXPECT_EQ(drain.agent.value, welcome.agent());
    EXPECT_EQ(drain.epoch, welcome.epoch());
    EXPECT_EQ(drain.reason, "it leaves: terminated");
    EXPECT_EQ(count_inputs<core::AgentGone>(), 0u) << "its lease runs until its farewell";
}

TEST_F(Server, FarewellEndsTheLeaseAtOnce) {
    listen();
    Peer& peer = connect();
    join(peer);
    proto::Frame frame;
    frame.mutable_farewell()->set_reason("terminated");
    peer.send(frame);
    run_until([&] { return peer.ended; });
    ASSERT_EQ(count_inputs<core::AgentGone>(), 1u);
    EXPECT_EQ(std::get<core::AgentGone>(inputs_.back()).reason, "terminated");
}

// ---- the end

TEST_F(Server, DismissalEndsWhenTheLastFarewellIsDurable) {
    listen();
    Peer& peer = connect();
    join(peer);
    commits_at_once_ = false;
    int gone = 0;
    server_->dismiss("over", seconds(60), [&] { ++gone; });
    EXPECT_EQ(next_frame(peer).dismiss().reason(), "over");
    proto::Frame frame;
    frame.mutable_farewell()->set_reason("over");
    peer.send(frame);
    run_until([&] { return uncommitted_.size() == 1; });
    EXPECT_EQ(gone, 0);
    commit();
    EXPECT_EQ(gone, 1);
}

TEST_F(Server, DismissalDoesNotWaitBeyondItsGrace) {
    listen();
    join(connect());
    bool gone = false;
    server_->dismiss("over", milliseconds(20), [&] { gone = true; });
    run_until([&] { return gone; });
}

TEST_F(Server, DismissalWithoutAgentsIsOverAtOnce) {
    listen();
    bool gone = false;
    server_->dismiss("over", seconds(60), [&] { gone = true; });
    EXPECT_TRUE(gone);
}

TEST_F(Server, LateAgentIsDismissedInsteadOfWelcomed) {
    listen();
    const std::uint64_t epoch = join(connect()).epoch();
    server_->dismiss("over", seconds(60), [] {});
    Peer& peer = connect();
    peer.send(hello(epoch));
    EXPECT_EQ(next_frame(peer).dismiss().reason(), "over");
    proto::Frame frame;
    frame.mutable_farewell();
    peer.send(frame);
    run_until([&] { return count_inputs<core::AgentGone>() == 1; });
}

// ---- listening

TEST_F(Server, PortInUseIsNamed) {
    listen();
    AgentServerOptions options;
    options.port = port_;
    options.state_dir = folder_;
    const auto second = AgentServer::listen(io_, options, state_, {}, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::in_use);
    EXPECT_NE(second.error().message.find(std::to_string(port_)), std::string::npos);
}

TEST_F(Server, UnwritableStateDirectoryIsAnError) {
    AgentServerOptions options;
    options.state_dir = folder_ / "missing";
    const auto server = AgentServer::listen(io_, options, state_, {}, {});
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, Errc::io);
}

}  // namespace
}  // namespace bw::net
