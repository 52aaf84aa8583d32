#include "cli/trainer_call.h"

#include <cstdio>

#include <sys/wait.h>

#include "cli/commands.h"

namespace bw::cli {
namespace {

std::string shell_quoted(const std::string& word) {
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

Result<std::string> ask_trainer(
    const std::string& trainer, const std::vector<std::string>& arguments
) {
    constexpr int kNoSuchProgram = 127;
    std::string command = shell_quoted(trainer);
    for (const std::string& argument : arguments) command += " " + shell_quoted(argument);
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return fail(Errc::unknown, "the trainer cannot be started");
    std::string out;
    char buffer[4096];
    for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    const int status = pclose(pipe);
    if (!WIFEXITED(status)) return fail(Errc::unknown, "the trainer was killed");
    switch (WEXITSTATUS(status)) {
        case 0:
            return out;
        case kNoSuchProgram:
            return fail(
                Errc::not_found, trainer + ": no such program; build it, or name it with --trainer"
            );
        case coordinator::kExitBadInput:
            return fail(Errc::invalid_input, "the trainer cannot answer that (see above)");
        default:
            return fail(
                Errc::unknown,
                "the trainer ended with status " + std::to_string(WEXITSTATUS(status))
            );
    }
}

}  // namespace bw::cli
