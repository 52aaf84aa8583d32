// Random texts that nobody can guess: the coordinator's token, the state directory's nonce.
#pragma once

#include <string>

namespace bw::net {

/// 128 bits from the kernel as 32 hexadecimal digits. Never empty or predictable: without
/// randomness the process ends.
std::string random_secret();

}  // namespace bw::net
