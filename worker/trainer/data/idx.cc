#include "worker/trainer/data/idx.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <zlib.h>

#include "base/text.h"

namespace bw::trainer {
namespace {

constexpr std::int64_t kBytesMax = std::int64_t{1} << 36;
constexpr std::uint8_t kUnsignedByte = 0x08;

struct CloseGz {
    void operator()(gzFile file) const { gzclose(file); }
};

using GzHandle = std::unique_ptr<std::remove_pointer_t<gzFile>, CloseGz>;

/// Reads up to `size` bytes; fewer at the end of the file, also of a compressed one that was cut.
std::int64_t read_up_to(gzFile file, std::uint8_t* out, std::int64_t size) {
    std::int64_t done = 0;
    while (done < size) {
        const auto part = static_cast<unsigned>(std::min<std::int64_t>(size - done, 1 << 24));
        const int n = gzread(file, out + done, part);
        if (n <= 0) break;
        done += n;
    }
    return done;
}

Error damaged(const std::filesystem::path& file, const std::string& what) {
    return fail(
        Errc::corrupt,
        "file " + bw::quoted(file.string()) + ": " + what +
            ": it is damaged; download or install it again"
    );
}

Result<std::vector<std::int64_t>> read_shape(gzFile handle, const std::filesystem::path& file) {
    std::uint8_t magic[4];
    if (const auto n = read_up_to(handle, magic, 4); n < 4) {
        return damaged(
            file, "expected an IDX header of at least 4 bytes, found " + std::to_string(n)
        );
    }
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != kUnsignedByte || magic[3] == 0 ||
        magic[3] > 4) {
        return damaged(file, "expected an IDX file of unsigned bytes, found another magic number");
    }
    std::vector<std::int64_t> shape;
    std::int64_t total = 1;
    for (int i = 0; i < magic[3]; ++i) {
        std::uint8_t word[4];
        if (read_up_to(handle, word, 4) < 4) return damaged(file, "the IDX header ends early");
        const std::int64_t size =
            (std::int64_t{word[0]} << 24) | (word[1] << 16) | (word[2] << 8) | word[3];
        if (size <= 0 || size > kBytesMax / total)
            return damaged(file, "the IDX header states an impossible size");
        total *= size;
        shape.push_back(size);
    }
    return shape;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const auto size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

Result<GzHandle> open_gz(const std::filesystem::path& file) {
    errno = 0;
    GzHandle handle(gzopen(file.c_str(), "rb"));
    if (handle) return handle;
    const Errc code = errno == ENOENT ? Errc::not_found : Errc::io;
    return fail(
        code, "file " + bw::quoted(file.string()) + " cannot be opened: " + std::strerror(errno)
    );
}

/// After the last byte: the checksum at the end of a compressed file.
bool is_intact(gzFile handle) {
    int status = Z_OK;
    gzerror(handle, &status);
    return status == Z_OK || status == Z_STREAM_END;
}

}  // namespace

Result<IdxArray> read_idx(const std::filesystem::path& file) {
    auto handle = open_gz(file);
    if (!handle) return handle.error();
    auto shape = read_shape(handle->get(), file);
    if (!shape) return shape.error();
    std::int64_t wanted = 1;
    for (const auto size : *shape) wanted *= size;
    IdxArray array{std::move(*shape), std::vector<std::uint8_t>(static_cast<std::size_t>(wanted))};
    const std::int64_t found = read_up_to(handle->get(), array.bytes.data(), wanted);
    std::uint8_t extra = 0;
    if (found < wanted) {
        return damaged(
            file,
            "expected " + std::to_string(wanted) + " bytes of data (" + shape_text(array.shape) +
                "), found " + std::to_string(found)
        );
    }
    if (read_up_to(handle->get(), &extra, 1) != 0) {
        return damaged(file, "expected " + std::to_string(wanted) + " bytes of data, found more");
    }
    if (!is_intact(handle->get())) return damaged(file, "its checksum does not hold");
    return array;
}

Result<std::vector<std::uint8_t>> read_bytes(const std::filesystem::path& file) {
    constexpr std::int64_t kPart = 1 << 20;
    auto handle = open_gz(file);
    if (!handle) return handle.error();
    std::vector<std::uint8_t> bytes;
    for (std::int64_t n = kPart; n == kPart;) {
        const std::size_t done = bytes.size();
        bytes.resize(done + kPart);
        n = read_up_to(handle->get(), bytes.data() + done, kPart);
        bytes.resize(done + static_cast<std::size_t>(n));
    }
    if (!is_intact(handle->get()))
        return damaged(file, "its compressed data ends early or is wrong");
    return bytes;
}

}  // namespace bw::trainer
