#include "worker/launch/supervisor.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

namespace bw::launch {
namespace {

using namespace std::chrono_literals;

class Supervising : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "bw-supervisor-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    ChildOptions child(std::vector<std::string> arguments) const {
        ChildOptions options;
        options.name = "probe";
        options.argv = {BW_LAUNCH_PROBE};
        options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
        options.backoff_first = milliseconds(1);
        return options;
    }

    std::string path(const std::string& name) const { return folder_ / name; }

    /// Runs the loop until `done`; the limit only ends a hung test.
    template <class Done>
    void run_until(Done done) {
        const auto limit = std::chrono::steady_clock::now() + 60s;
        bool is_done = done();
        while (!is_done && std::chrono::steady_clock::now() < limit) {
            io_.restart();
            io_.run_one_for(20ms);
            is_done = done();
        }
        ASSERT_TRUE(is_done);
    }

    /// "PID SESSION", which the probe writes once it is up.
    std::pair<pid_t, pid_t> read_ids(const std::string& file) {
        std::pair<pid_t, pid_t> ids{0, 0};
        run_until([&] {
            std::ifstream in(file);
            return static_cast<bool>(in >> ids.first >> ids.second);
        });
        return ids;
    }

    std::filesystem::path folder_;
    boost::asio::io_context io_;
};

TEST_F(Supervising, RestartsAChildUntilItEndsWell) {
    Supervisor supervisor(io_);
    std::optional<int> final;
    supervisor.start(child({"count", path("starts"), "2"}), [&](int status) { final = status; });
    run_until([&] { return final.has_value(); });
    EXPECT_EQ(*final, 0);
    std::ifstream in(path("starts"));
    const auto lines = std::count(std::istreambuf_iterator<char>(in), {}, '\n');
    EXPECT_EQ(lines, 3);
}

TEST_F(Supervising, FinalStatusIsNotRestarted) {
    Supervisor supervisor(io_);
    ChildOptions options = child({"exit", "5"});
    options.final_statuses = {0, 5};
    std::optional<int> final;
    supervisor.start(options, [&](int status) { final = status; });
    run_until([&] { return final.has_value(); });
    EXPECT_EQ(*final, 5);
}

TEST_F(Supervising, KilledChildComesBackUnderAnotherPid) {
    Supervisor supervisor(io_);
    supervisor.start(child({"wait", path("ids")}), {});
    const pid_t first = read_ids(path("ids")).first;
    std::filesystem::remove(path("ids"));
    ::kill(first, SIGKILL);
    const pid_t second = read_ids(path("ids")).first;
    EXPECT_NE(first, second);
    EXPECT_EQ(supervisor.pid_of("probe"), second);
}

TEST_F(Supervising, ChildLivesInASessionOfItsOwn) {
    Supervisor supervisor(io_);
    supervisor.start(child({"wait", path("ids")}), {});
    const auto ids = read_ids(path("ids"));
    EXPECT_EQ(ids.first, ids.second);
}

TEST_F(Supervising, DescriptorIsInheritedAtTheFirstStartOnly) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Supervisor supervisor(io_);
    ChildOptions options = child({"tell", std::to_string(ends[1])});
    options.inherited_once = {ends[1]};
    std::optional<int> final;
    supervisor.start(options, [&](int status) { final = status; });
    run_until([&] { return final.has_value(); });
    ::close(ends[1]);
    char bytes[8];
    EXPECT_EQ(::read(ends[0], bytes, sizeof bytes), 1) << "the second start found it closed";
    ::close(ends[0]);
}

TEST_F(Supervising, StopEndsAllAndReportsOnce) {
    Supervisor supervisor(io_);
    int finals = 0, gone = 0;
    int last_status = 0;
    supervisor.start(child({"wait", path("ids")}), [&](int status) {
        ++finals;
        last_status = status;
    });
    read_ids(path("ids"));
    supervisor.stop([&] { ++gone; });
    supervisor.stop([&] { ++gone; });
    run_until([&] { return gone > 0; });
    EXPECT_EQ(gone, 1);
    EXPECT_EQ(finals, 1);
    EXPECT_EQ(last_status, 128 + SIGTERM);
    EXPECT_EQ(supervisor.pid_of("probe"), 0);
}

TEST_F(Supervising, ChildThatIgnoresSigtermIsKilledAfterItsGrace) {
    Supervisor supervisor(io_);
    ChildOptions options = child({"stubborn", path("ids")});
    options.grace = milliseconds(50);
    std::optional<int> final;
    supervisor.start(options, [&](int status) { final = status; });
    read_ids(path("ids"));
    bool gone = false;
    supervisor.stop([&] { gone = true; });
    run_until([&] { return gone; });
    EXPECT_EQ(final, 128 + SIGKILL);
}

TEST_F(Supervising, StopWhileWaitingForTheNextStartEndsAtOnce) {
    Supervisor supervisor(io_);
    ChildOptions options = child({"exit", "1"});
    options.backoff_first = seconds(3600);
    supervisor.start(options, {});
    run_until([&] { return supervisor.pid_of("probe") == 0; });
    bool gone = false;
    supervisor.stop([&] { gone = true; });
    run_until([&] { return gone; });
}

TEST_F(Supervising, MissingProgramEndsWithStatus127) {
    Supervisor supervisor(io_);
    ChildOptions options = child({});
    options.argv = {path("no-such-program")};
    options.restart = false;
    std::optional<int> final;
    supervisor.start(options, [&](int status) { final = status; });
    run_until([&] { return final.has_value(); });
    EXPECT_EQ(*final, 127);
}

// A process in between starts the probe and is killed: the probe must not outlive it.
TEST_F(Supervising, ChildDiesWithItsSupervisor) {
    const pid_t between = ::fork();
    if (between == 0) {
        ProcessOptions options;
        options.argv = {BW_LAUNCH_PROBE, "wait", path("ids")};
        if (!start_process(options)) ::_exit(1);
        for (;;) ::pause();
    }
    const pid_t child = read_ids(path("ids")).first;
    ::kill(between, SIGKILL);
    ::waitpid(between, nullptr, 0);
    run_until([&] { return !start_time_of(child).has_value(); });
}

}  // namespace
}  // namespace bw::launch
