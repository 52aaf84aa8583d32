#include "coordinator/profiles.h"

#include <fstream>
#include <iterator>
#include <system_error>

namespace bw::coordinator {

std::vector<std::string> ProfileFolder::read_changed() {
    std::error_code there_is_none, is_gone;
    std::map<std::filesystem::path, Seen> present;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, there_is_none)) {
        if (entry.path().extension() != ".profile") continue;
        const Seen now{entry.last_write_time(is_gone), entry.file_size(is_gone)};
        if (!is_gone) present.emplace(entry.path(), now);
    }
    std::vector<std::string> texts;
    for (const auto& [file, now] : present) {
        const auto before = seen_.find(file);
        if (before != seen_.end() && before->second == now) continue;
        std::ifstream in(file, std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    seen_ = std::move(present);
    return texts;
}

}  // namespace bw::coordinator
