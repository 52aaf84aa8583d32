#include "base/process.h"

#include <csignal>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bw {
namespace {

/// What a shell script prints, with the pipe's end as its standard output.
std::string output_of(ProcessOptions options, const std::string& script) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
    options.argv = {"/bin/sh", "-c", script};
    options.descriptors.push_back({ends[1], STDOUT_FILENO});
    const auto pid = start_process(options);
    ::close(ends[1]);
    std::string text;
    char buffer[512];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    if (pid) ::waitpid(*pid, nullptr, 0);
    return pid ? text : pid.error().message;
}

TEST(Process, MissingProgramIsNamed) {
    ProcessOptions options;
    options.argv = {"/no/such/program"};
    const auto pid = start_process(options);
    ASSERT_FALSE(pid);
    EXPECT_EQ(pid.error().code, Errc::io);
    EXPECT_EQ(pid.error().message, "cannot start \"/no/such/program\": No such file or directory");
}

TEST(Process, EnvironmentIsReplacedAndAdded) {
    ::setenv("BW_TEST_KEPT", "kept", 1);
    ::setenv("BW_TEST_REPLACED", "old", 1);
    ProcessOptions options;
    options.environment = {"BW_TEST_REPLACED=new", "BW_TEST_ADDED=added"};
    EXPECT_EQ(
        output_of(options, "echo $BW_TEST_KEPT $BW_TEST_REPLACED $BW_TEST_ADDED"),
        "kept new added\n"
    );
}

TEST(Process, OnlyTheNamedDescriptorsAreInherited) {
    const int leak =
        ::open("/dev/null", O_RDONLY);  // without close-on-exec, as libraries open theirs
    const int wanted = ::open("/dev/null", O_RDONLY);
    ProcessOptions options;
    options.descriptors = {{wanted, 7}};
    const std::string script = "[ -e /proc/$$/fd/7 ] && echo wanted; [ -e /proc/$$/fd/" +
                               std::to_string(leak) + " ] && echo leaked; true";
    EXPECT_EQ(output_of(options, script), "wanted\n");
    ::close(leak);
    ::close(wanted);
}

// 5 -> 6 and 6 -> 5: neither may overwrite the other's source.
TEST(Process, DescriptorsMayChangePlaces) {
    int first[2], second[2];
    ASSERT_EQ(::pipe2(first, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(second, O_CLOEXEC), 0);
    ProcessOptions options;
    options.argv = {
        "/bin/sh",
        "-c",
        "echo a >&" + std::to_string(second[1]) + "; echo b >&" + std::to_string(first[1])};
    options.descriptors = {{first[1], second[1]}, {second[1], first[1]}};
    const auto pid = start_process(options);
    ASSERT_TRUE(pid) << pid.error().message;
    ::waitpid(*pid, nullptr, 0);
    char byte = 0;
    EXPECT_EQ(::read(first[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'a');
    EXPECT_EQ(::read(second[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'b');
    for (const int fd : {first[0], first[1], second[0], second[1]}) ::close(fd);
}

TEST(Process, IsWrittenDownBeforeItRuns) {
    pid_t seen = 0;
    ProcessOptions options;
    options.argv = {"/bin/true"};
    options.before_exec = [&](pid_t pid) {
        seen = pid;
        EXPECT_TRUE(start_time_of(pid).has_value());
    };
    const auto pid = start_process(options);
    ASSERT_TRUE(pid);
    EXPECT_EQ(seen, *pid);
    ::waitpid(*pid, nullptr, 0);
}

TEST(Process, StartTimeTellsARunningProcessFromNone) {
    const auto own = start_time_of(::getpid());
    ASSERT_TRUE(own);
    EXPECT_EQ(start_time_of(::getpid()), own);
    ProcessOptions options;
    options.argv = {"/bin/true"};
    const auto pid = start_process(options);
    ASSERT_TRUE(pid);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT);
    EXPECT_FALSE(start_time_of(*pid)) << "only its exit status is left";
    ::waitpid(*pid, nullptr, 0);
    EXPECT_FALSE(start_time_of(*pid));
}

TEST(Process, SignalsHaveNames) {
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
    EXPECT_EQ(signal_name(40), "signal 40");
}

}  // namespace
}  // namespace bw
