#include "coordinator/profiles.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace bw::coordinator {

std::vector<std::string> read_profiles(const std::filesystem::path& folder) {
    std::error_code there_is_none;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, there_is_none)) {
        if (entry.path().extension() == ".profile") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> texts;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return texts;
}

}  // namespace bw::coordinator
