#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

#include "worker/launch/launch.h"
#include "worker/launch/mpi.h"

extern char** environ;

namespace bw::launch {
namespace {

/// Beside the program, or in the lib folder next to the program's: the build tree and every
/// installation.
std::vector<std::filesystem::path> places_of_part() {
    std::error_code ignored;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    const auto above = folder.parent_path();
    return {
        above / "lib" / kMpiPartName,
        folder / kMpiPartName,
        above / "lib" / "batchwright" / kMpiPartName};
}

template <class Function>
Result<Function> open_part(const char* name) {
    std::string tried;
    for (const auto& path : places_of_part()) {
        // Global, because Open MPI's own plug-ins look the library's symbols up.
        void* part = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
        if (part == nullptr) {
            const char* why = ::dlerror();
            tried += std::string("; ") + (why == nullptr ? path.string() : why);
            continue;
        }
        if (void* found = ::dlsym(part, name)) {
            return reinterpret_cast<Function>(found);
        }
        tried += "; " + path.string() + ": has no " + name;
    }
    return fail(
        Errc::unsupported,
        std::string("this process was started by mpirun, but ") + kMpiPartName +
            " cannot be opened: install Open MPI's run time (Debian: libopenmpi3) and build with "
            "its development "
            "files (libopenmpi-dev), or start every host with \"batchwright worker --coordinator "
            "HOST:PORT\"" +
            tried
    );
}

}  // namespace

void remove_mpi_variables() {
    std::vector<std::string> names;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        for (const std::string_view prefix : {"OMPI_", "PMIX_", "PRTE_", "PMI_"}) {
            if (text.starts_with(prefix)) names.emplace_back(text.substr(0, text.find('=')));
        }
    }
    for (const std::string& name : names) ::unsetenv(name.c_str());
}

Result<std::vector<std::string>> gather_over_mpi(const Place& place, const std::string& own_text) {
    if (own_text.size() >= kGatheredBytesMax)
        return fail(Errc::invalid_input, "the text to gather is too long");
    const auto gather = open_part<MpiGather>(kMpiPartGather);
    if (!gather) return gather.error();
    std::vector<char> own(kGatheredBytesMax);  // padded with zeros
    std::memcpy(own.data(), own_text.data(), own_text.size());
    const std::size_t ranks = place.rank == 0 ? static_cast<std::size_t>(place.size) : 0;
    std::vector<char> all(ranks * kGatheredBytesMax);
    char error[256] = "";
    const int code = (*gather)(own.data(), own.size(), all.data(), error, sizeof error);
    if (code != 0)
        return fail(Errc::io, std::string("gathering the hosts over MPI failed: ") + error);
    std::vector<std::string> texts;
    for (std::size_t rank = 0; rank < ranks; ++rank)
        texts.emplace_back(all.data() + rank * kGatheredBytesMax);
    return texts;
}

Result<std::string> broadcast_over_mpi(const std::string& text_of_rank_0) {
    if (text_of_rank_0.size() > kBroadcastBytesMax) {
        return fail(Errc::invalid_input, "the text to broadcast is longer than 64 KiB");
    }
    const auto broadcast = open_part<MpiBroadcast>(kMpiPartFunction);
    if (!broadcast) return broadcast.error();
    std::vector<char> text(kBroadcastBytesMax);
    std::memcpy(text.data(), text_of_rank_0.data(), text_of_rank_0.size());
    std::size_t size = text_of_rank_0.size();
    char error[256] = "";
    const int code = (*broadcast)(text.data(), &size, error, sizeof error);
    remove_mpi_variables();
    if (code != 0) return fail(Errc::io, std::string("the broadcast over MPI failed: ") + error);
    return std::string(text.data(), size);
}

}  // namespace bw::launch
