// The descriptor between agent and trainer, from the trainer's side.
#include "worker/trainer/attempt/channel.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bw::trainer {
namespace {

namespace wire = trainer_wire;

class ChannelTest : public testing::Test {
protected:
    ChannelTest() {
        int ends[2];
        ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
        agent_ = ends[0];
        channel_.emplace(ends[1]);
    }

    ~ChannelTest() override { hang_up(); }

    void hang_up() {
        if (agent_ >= 0) ::close(agent_);
        agent_ = -1;
    }

    void say(const std::string& bytes) {
        ASSERT_EQ(::write(agent_, bytes.data(), bytes.size()), std::ssize(bytes));
    }

    int agent_ = -1;
    std::optional<AgentChannel> channel_;
};

TEST_F(ChannelTest, LinesInPiecesAndTogetherBecomeMessages) {
    EXPECT_FALSE(channel_->poll());
    const std::string stop =
        wire::encode(wire::ToTrainer(wire::Stop{.mode = wire::StopMode::cancel})) + "\n";
    const std::string accepted =
        wire::encode(wire::ToTrainer(wire::CheckpointAccepted{.step = 4})) + "\n";
    say(stop.substr(0, 7));
    EXPECT_FALSE(channel_->poll());
    say(stop.substr(7) + accepted);
    const auto first = channel_->poll();
    ASSERT_TRUE(first && std::holds_alternative<wire::Stop>(*first));
    const auto second = channel_->poll();
    ASSERT_TRUE(second && std::holds_alternative<wire::CheckpointAccepted>(*second));
    EXPECT_EQ(std::get<wire::CheckpointAccepted>(*second).step, 4);
    EXPECT_FALSE(channel_->poll());
}

TEST_F(ChannelTest, MalformedAndUnknownLinesAreSkipped) {
    say("{nonsense\n{\"type\":\"from_the_future\"}\n" +
        wire::encode(wire::ToTrainer(wire::Stop{})) + "\n");
    const auto message = channel_->wait();
    ASSERT_TRUE(message);
    EXPECT_TRUE(std::holds_alternative<wire::Stop>(*message));
}

TEST_F(ChannelTest, AMessagePutBackComesFirst) {
    say(wire::encode(wire::ToTrainer(wire::Stop{})) + "\n");
    channel_->put_back(wire::Rendezvous{.host = "h", .port = 5});
    EXPECT_TRUE(std::holds_alternative<wire::Rendezvous>(*channel_->wait()));
    EXPECT_TRUE(std::holds_alternative<wire::Stop>(*channel_->wait()));
}

TEST_F(ChannelTest, AfterTheAgentIsGoneWaitingEndsAndSendingDoesNothing) {
    install_signal_handlers();
    hang_up();
    EXPECT_FALSE(channel_->wait());
    EXPECT_TRUE(channel_->closed());
    channel_->send(wire::Ready{});
    channel_->send(wire::Ready{});
}

TEST_F(ChannelTest, AnAgentThatDoesNotReadCostsProgressNotTime) {
    for (int i = 0; i < 100000; ++i) channel_->send_if_room(wire::Progress{.step = i});
    char byte = 0;
    EXPECT_EQ(::read(agent_, &byte, 1), 1);
    EXPECT_EQ(byte, '{');
}

}  // namespace
}  // namespace bw::trainer
