// Ranks on several hosts, played by addresses of loopback: each with data of its own, and with
// ports that a firewall lets through.
#include <cstdint>
#include <fstream>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/gang_fixture.h"

namespace bw::trainer::test {
namespace {

namespace fs = std::filesystem;
namespace wire = trainer_wire;

class SeveralHosts : public testing::Test {
protected:
    SeveralHosts() {
        for (const char* host : {"first", "second"})
            write_fashion_mnist(folder_.path() / host, {.train = 40, .test = 20, .side = 12});
    }

    GangOptions job() {
        GangOptions options;
        options.params = {
            {"model", "cnn"}, {"num_epochs", 1}, {"learning_rate", 0.01}, {"batch_size", 20}};
        options.global_batch = 20;
        options.group = 5;
        options.world_size = 2;
        options.attempt_dir = folder_.path() / "attempt";
        options.hosts = {"127.0.0.1", "127.0.0.2"};
        options.data_paths = {data_of("first"), data_of("second")};
        return options;
    }

    std::string data_of(const char* host) { return (folder_.path() / host).string(); }

    std::string fingerprint_at(const char* host) {
        auto alone = job();
        alone.world_size = 1;
        alone.data_paths = {data_of(host)};
        alone.attempt_dir = folder_.path() / "alone" / host;
        const auto ends = Gang(alone).run();
        const auto* running = ends[0].find<wire::Running>();
        return running != nullptr ? running->data_fingerprint : "not running";
    }

    TemporaryFolder folder_;
};

void change_last_byte(const fs::path& file) {
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekg(-1, std::ios::end);
    const int last = bytes.get();
    bytes.seekp(-1, std::ios::end);
    bytes.put(static_cast<char>(last ^ 1));
}

TEST_F(SeveralHosts, EqualCopiesAtDifferentPlacesAreTheSameData) {
    const auto ends = Gang(job()).run();
    for (const auto& end : ends) EXPECT_NE(end.find<wire::Finished>(), nullptr);
    EXPECT_EQ(
        ends[0].find<wire::Running>()->data_fingerprint,
        ends[1].find<wire::Running>()->data_fingerprint
    );
}

TEST_F(SeveralHosts, OneBitOfTheTestSetIsEnoughToBeRefusedBeforeTheFirstStep) {
    change_last_byte(folder_.path() / "second/fashion-mnist/t10k-images-idx3-ubyte");
    const std::string here = fingerprint_at("first"), there = fingerprint_at("second");
    ASSERT_EQ(here.size(), 64u);
    ASSERT_NE(here, there);
    const auto options = job();
    const auto ends = Gang(options).run();
    for (const auto& end : ends) {
        const auto* failed = end.find<wire::Failed>();
        ASSERT_NE(failed, nullptr);
        EXPECT_EQ(failed->code, static_cast<int>(Errc::refused));
        EXPECT_FALSE(failed->retry);
        EXPECT_EQ(end.exit_status, 1);
        EXPECT_EQ(end.find<wire::Running>(), nullptr);
        for (const auto& named :
             {here, there, std::string("(127.0.0.1)"), std::string("(127.0.0.2)")})
            EXPECT_NE(failed->message.find(named), std::string::npos) << failed->message;
    }
    EXPECT_FALSE(fs::exists(options.attempt_dir / "curve.csv"));
}

TEST_F(SeveralHosts, DataThatIsMissingIsNamedWithItsHost) {
    auto options = job();
    options.world_size = 1;
    options.hosts = {"127.0.0.2"};
    options.data_paths = {data_of("third")};
    const auto ends = Gang(options).run();
    const auto* failed = ends[0].find<wire::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, static_cast<int>(Errc::not_found));
    for (const auto& named : {std::string("(127.0.0.2)"), data_of("third")})
        EXPECT_NE(failed->message.find(named), std::string::npos) << failed->message;
}

/// A port of the system's choice, taken for as long as this lives.
class TakenPort {
public:
    TakenPort() : descriptor_(::socket(AF_INET6, SOCK_STREAM, 0)) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(descriptor_, any, size), 0);
        EXPECT_EQ(::listen(descriptor_, 1), 0);
        EXPECT_EQ(::getsockname(descriptor_, any, &size), 0);
        number_ = ntohs(address.sin6_port);
    }

    TakenPort(const TakenPort&) = delete;
    TakenPort& operator=(const TakenPort&) = delete;

    ~TakenPort() { ::close(descriptor_); }

    [[nodiscard]] int number() const { return number_; }

private:
    int descriptor_;
    int number_ = 0;
};

TEST_F(SeveralHosts, TheStoreListensOnTheFirstFreePortOfItsRange) {
    const TakenPort taken;
    auto options = job();
    options.store_ports = {taken.number(), taken.number() + 50};
    const auto ends = Gang(options).run();
    const auto* opened = ends[0].find<wire::StoreOpened>();
    ASSERT_NE(opened, nullptr);
    EXPECT_GT(opened->port, taken.number());
    EXPECT_LE(opened->port, taken.number() + 50);
    EXPECT_NE(ends[1].find<wire::Finished>(), nullptr);
}

TEST_F(SeveralHosts, ARangeWithoutAFreePortIsAFailureThatNamesIt) {
    const TakenPort taken;
    auto options = job();
    options.store_ports = {taken.number(), taken.number()};
    const auto ends = Gang(options).run([](Gang& gang, const wire::FromTrainer& message) {
        if (std::holds_alternative<wire::Failed>(message)) gang.send(1, wire::Stop{});
    });
    const auto* failed = ends[0].find<wire::Failed>();
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->code, static_cast<int>(Errc::in_use));
    EXPECT_TRUE(failed->retry) << "the port may be free later";
    const std::string port = std::to_string(taken.number());
    EXPECT_NE(failed->message.find("no port from " + port + " to " + port), std::string::npos)
        << failed->message;
}

}  // namespace
}  // namespace bw::trainer::test
