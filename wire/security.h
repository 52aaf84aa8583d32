// How a connection beyond loopback is secured: TLS 1.3 with the coordinator's own self-signed
// certificate. There is no authority and no host name to check: whoever connects knows the
// certificate's SHA-256 fingerprint and accepts no other. Values; cheap to copy; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "base/result.h"

namespace bw::wire {

/// A new key (P-256) and a certificate for it, both as PEM in one text, so that they are never
/// apart. Errors: unknown (OpenSSL's own).
Result<std::string> make_identity();

/// SHA-256 of the certificate in such a text, as 64 hexadecimal digits. Errors: corrupt.
Result<std::string> fingerprint_of(const std::string& identity);

/// The certificate alone, for programs that want it in a file. Errors: corrupt.
Result<std::string> certificate_of(const std::string& identity);

/// As people write it, for instance with colons, to 64 lower-case digits. Errors: invalid_input.
Result<std::string> parse_fingerprint(std::string_view text);

class Security {
public:
    /// In clear: for loopback only.
    Security() = default;

    /// A listening end. Errors: corrupt.
    static Result<Security> listening(const std::string& identity);

    /// A connecting end, which accepts the certificate of this fingerprint alone.
    static Security pinned(std::string fingerprint);

    [[nodiscard]] bool is_tls() const { return impl_ != nullptr; }

    /// The own one of a listening end, the expected one of a connecting end; empty in clear.
    [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

private:
    friend class Stream;
    struct Impl;

    std::shared_ptr<Impl> impl_;
    std::string fingerprint_;
};

/// Refuses to listen beyond loopback without TLS and a token: nothing can switch that off. Errors:
/// refused.
Result<void> may_listen(
    const boost::asio::ip::address& address, const Security& security, std::string_view token
);

}  // namespace bw::wire
