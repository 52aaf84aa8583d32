#include "coordinator/results/gnuplot.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

namespace bw::results {
namespace {

constexpr const char* kScript = "script.gnuplot.new";
constexpr const char* kMessages = "messages.gnuplot.new";

/// The exit status, or -errno when the program could not be started.
int spawn_and_wait(const std::filesystem::path& folder) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, kMessages, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::string program = "gnuplot", defaults = "-d", script = kScript;
    const std::array<char*, 4> arguments = {
        program.data(), defaults.data(), script.data(), nullptr};
    pid_t pid = 0;
    const int error =
        posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return -error;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string read_text(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

Result<void> run_gnuplot(const std::string& script, const std::filesystem::path& folder) {
    {
        std::ofstream file(folder / kScript);
        file << script;
        if (!file.flush())
            return fail(Errc::io, "folder \"" + folder.string() + "\": cannot be written");
    }
    const int status = spawn_and_wait(folder);
    const std::string messages = read_text(folder / kMessages);
    std::error_code ignored;
    std::filesystem::remove(folder / kScript, ignored);
    std::filesystem::remove(folder / kMessages, ignored);
    if (status == 0) return {};
    if (status == -ENOENT) {
        return fail(
            Errc::not_found,
            "no curves were drawn: program \"gnuplot\" is not installed (on Debian: apt-get "
            "install gnuplot-nox)"
        );
    }
    if (status < 0)
        return fail(
            Errc::io, std::string("no curves were drawn: gnuplot: ") + std::strerror(-status)
        );
    return fail(
        Errc::io,
        "no curves were drawn: gnuplot ended with status " + std::to_string(status) + ": " +
            bw::quoted(messages)
    );
}

}  // namespace bw::results
