// The coordinator's TLS key and certificate in its state directory.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "wire/security.h"

namespace bw::net {

/// Key and certificate, in one file so that they are never apart; owner only.
inline constexpr const char* kIdentityFile = "tls.pem";
/// The certificate alone, for programs that ask for a file (Prometheus: ca_file).
inline constexpr const char* kCertificateFile = "certificate.pem";

/// Made on the first start, the same ever after: clients pin its fingerprint. Errors: io, corrupt
/// (named with the file; deleting it makes a new one, with another fingerprint).
Result<wire::Security> load_or_make_identity(const std::filesystem::path& state_dir);

}  // namespace bw::net
