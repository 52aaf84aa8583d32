#include "worker/trainer/memory/profile_file.h"

#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "base/text.h"
#include "worker/trainer/attempt/durable_file.h"

namespace bw::trainer {

Result<plan::Profile> read_profile(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Errc::not_found, "no profile " + bw::quoted(file.string()));
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return plan::parse_profile(text);
}

Result<void> write_profile(const std::filesystem::path& file, const plan::Profile& profile) {
    std::error_code shows_when_the_file_is_written;
    std::filesystem::create_directories(file.parent_path(), shows_when_the_file_is_written);
    const std::string text = plan::to_text(profile);
    return write_durably(
        file,
        [&text](int descriptor) { return write_all(descriptor, text.data(), text.size()); },
        [](const std::filesystem::path& temporary) -> Result<void> {
            const auto read = read_profile(temporary);
            if (!read) return read.error();
            return {};
        }
    );
}

}  // namespace bw::trainer
