// What several sub-commands need: the sweep file, the trainer program, the version.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/version.h"
#include "cli/commands.h"
#include "wire/trainer/messages.h"

namespace bw::cli {

Result<std::string> read_file(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        return fail(Errc::invalid_input, path + ": is a folder; expected a sweep file");
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(Errc::not_found, path + ": cannot be read; is the path right?");
    std::stringstream text;
    text << file.rdbuf();
    if (file.bad()) return fail(Errc::io, path + ": reading failed");
    return text.str();
}

std::string own_path() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "batchwright" : self.string();
}

std::string find_trainer(const std::string& given) {
    if (!given.empty()) return given;
    if (const char* variable = std::getenv("BATCHWRIGHT_TRAINER")) return variable;
    return (std::filesystem::path(own_path()).parent_path() / "batchwright-trainer").string();
}

int print_version(bool json) {
    if (json) {
        const nlohmann::json body = {
            {"version", version()},
            {"commit", commit()},
            {"torch", torch_version()},
            {"wire_protocol", kWireProtocolVersion},
            {"journal", kJournalVersion},
        };
        std::printf("%s\n", body.dump().c_str());
    } else {
        std::printf(
            "batchwright %s (commit %s, LibTorch %s)\n",
            std::string(version()).c_str(),
            std::string(commit()).c_str(),
            std::string(torch_version()).c_str()
        );
    }
    return coordinator::kExitOk;
}

}  // namespace bw::cli
