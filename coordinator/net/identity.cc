#include "coordinator/net/identity.h"

#include <fstream>
#include <iterator>
#include <string>

#include "coordinator/net/private_file.h"

namespace bw::net {

namespace {

Result<std::string> load_or_make(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error) && !error) {
        auto identity = wire::make_identity();
        if (!identity) return identity;
        if (auto written = write_private_file(path, *identity); !written) return written.error();
        return identity;
    }
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file || text.empty()) return fail(Errc::io, "cannot read " + path.string());
    return text;
}

}  // namespace

Result<wire::Security> load_or_make_identity(const std::filesystem::path& state_dir) {
    const std::filesystem::path path = state_dir / kIdentityFile;
    const auto identity = load_or_make(path);
    if (!identity) return identity.error();
    auto security = wire::Security::listening(*identity);
    const auto certificate = wire::certificate_of(*identity);
    if (!security || !certificate) {
        const Error& why = security ? certificate.error() : security.error();
        return fail(
            why.code,
            path.string() + ": " + why.message +
                "; remove it to make another, whose fingerprint every client must then be told"
        );
    }
    if (auto written = write_private_file(state_dir / kCertificateFile, *certificate); !written)
        return written.error();
    return security;
}

}  // namespace bw::net
