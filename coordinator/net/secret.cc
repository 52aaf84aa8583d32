#include "coordinator/net/secret.h"

#include <cstdio>

#include <sys/random.h>

#include "base/assert.h"

namespace bw::net {

std::string random_secret() {
    unsigned char bytes[16];
    const ssize_t got = ::getrandom(bytes, sizeof bytes, 0);
    // Up to 256 bytes are never returned short (getrandom(2)). An empty token would let everybody
    // in.
    BW_ASSERT(got == static_cast<ssize_t>(sizeof bytes), "the kernel gives random bytes");
    std::string text;
    for (const unsigned char byte : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(byte));
        text += digits;
    }
    return text;
}

}  // namespace bw::net
