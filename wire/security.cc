#include "wire/security.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <openssl/ssl.h>

#include "base/text.h"
#include "wire/security_impl.h"

namespace bw::wire {

namespace ssl = boost::asio::ssl;

namespace {

constexpr std::size_t kFingerprintDigits = 64;

Error unusable(const boost::system::error_code& error) {
    return fail(Errc::corrupt, "the TLS certificate or its key is unusable: " + error.message());
}

}  // namespace

Result<std::string> parse_fingerprint(std::string_view text) {
    std::string digits;
    bool is_hexadecimal = true;
    for (const char letter : text) {
        if (letter == ':' || letter == ' ' || letter == '\n') continue;
        const bool upper = letter >= 'A' && letter <= 'F';
        const bool known =
            upper || (letter >= 'a' && letter <= 'f') || (letter >= '0' && letter <= '9');
        is_hexadecimal = is_hexadecimal && known;
        digits += upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    if (is_hexadecimal && digits.size() == kFingerprintDigits) return digits;
    return fail(
        Errc::invalid_input,
        "the fingerprint " + bw::quoted(text) +
            " is no SHA-256: expected 64 hexadecimal digits, as the coordinator prints them and "
            "STATE/endpoint.json holds them"
    );
}

Result<Security> Security::listening(const std::string& identity) {
    const auto fingerprint = fingerprint_of(identity);
    if (!fingerprint) return fingerprint.error();
    Security security;
    security.fingerprint_ = *fingerprint;
    security.impl_ = std::make_shared<Impl>(ssl::context::tlsv13_server);
    security.impl_->listens = true;
    ssl::context& context = security.impl_->context;
    boost::system::error_code error;
    context.use_certificate(boost::asio::buffer(identity), ssl::context::pem, error);
    if (!error) {
        context.use_private_key(boost::asio::buffer(identity), ssl::context::pem, error);
    }
    if (error) return unusable(error);
    // A ticket is a message that nobody asked for: unread at the other end when that closes, it
    // would turn the close into a reset, which destroys what is still on its way.
    SSL_CTX_set_num_tickets(context.native_handle(), 0);
    return security;
}

Security Security::pinned(std::string fingerprint) {
    Security security;
    security.fingerprint_ = std::move(fingerprint);
    security.impl_ = std::make_shared<Impl>(ssl::context::tlsv13_client);
    // The pin is the check: Stream::handshake compares, before a byte of ours is sent.
    security.impl_->context.set_verify_mode(ssl::verify_none);
    return security;
}

Result<void> may_listen(
    const boost::asio::ip::address& address, const Security& security, std::string_view token
) {
    if (address.is_loopback()) return boost::system::in_place_value;
    if (security.is_tls() && !token.empty()) return boost::system::in_place_value;
    return fail(
        Errc::refused,
        "will not listen on " + address.to_string() + ", which other hosts reach, without " +
            (token.empty() ? "a token" : "TLS")
    );
}

}  // namespace bw::wire
