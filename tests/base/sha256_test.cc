// NIST's vectors (FIPS 180-4 examples and the million letters), and that pieces of any size give
// the same digest.
#include "base/sha256.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bw {
namespace {

TEST(Sha256, GivesTheDigestsOfNist) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_EQ(
        sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    EXPECT_EQ(
        sha256_hex(std::string(1'000'000, 'a')),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
}

TEST(Sha256, DependsOnTheBytesAndNotOnThePieces) {
    Rng rng(3);
    std::string bytes;
    for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(rng.below(256));
    const std::string whole = sha256_hex(bytes);
    for (int round = 0; round < 50; ++round) {
        Sha256 hash;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = std::min(bytes.size() - at, std::size_t{1} + rng.below(200));
            hash.update(bytes.data() + at, size);
            at += size;
        }
        ASSERT_EQ(hash.hex_digest(), whole);
    }
}

TEST(Sha256, OfEveryLengthAroundABlockIsItsOwn) {
    std::set<std::string> digests;
    for (std::size_t size = 0; size <= 130; ++size)
        digests.insert(sha256_hex(std::string(size, '\0')));
    EXPECT_EQ(digests.size(), 131u);
}

}  // namespace
}  // namespace bw
