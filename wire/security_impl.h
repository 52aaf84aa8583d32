// What Security hides from its users: OpenSSL's context. For wire/ only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <openssl/types.h>

#include "wire/security.h"

namespace bw::wire {

struct Security::Impl {
    explicit Impl(boost::asio::ssl::context::method method) : context(method) {}

    boost::asio::ssl::context context;
    bool listens = false;
};

/// 64 hexadecimal digits, or nothing of a broken certificate.
std::string digest_of_certificate(const X509* certificate);

}  // namespace bw::wire
