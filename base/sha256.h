// SHA-256 (FIPS 180-4), for identities and checksums of files, weights and texts. Own code, because
// base/ links nothing and the trainer must not carry OpenSSL beside LibTorch. Checked against
// NIST's vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bw {

class Sha256 {
public:
    Sha256();
    void update(const void* data, std::size_t size_bytes);

    void update(std::string_view text) { update(text.data(), text.size()); }

    /// The digest as 64 lower-case hexadecimal digits. Call once, last.
    std::string hex_digest();

private:
    void compress(const std::uint8_t* block);

    std::array<std::uint32_t, 8> state_;
    std::array<std::uint8_t, 64> buffer_{};
    std::size_t buffered_ = 0;
    std::uint64_t total_bytes_ = 0;
};

std::string sha256_hex(std::string_view text);

}  // namespace bw
