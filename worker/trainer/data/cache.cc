#include "worker/trainer/data/cache.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/process.h"
#include "base/sha256.h"
#include "worker/trainer/data/mapped_file.h"

namespace bw::trainer {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr char kMagic[8] = {'B', 'W', 'D', 'A', 'T', 'A', '0', '1'};

/// Native byte order: a cache belongs to one host.
struct Header {
    char magic[8];
    std::int64_t count;
    std::int32_t channels, height, width, reserved;
    char fingerprint[64];
};

static_assert(sizeof(Header) <= kHeaderBytes);

std::string fingerprint_of(const DecodedImages& decoded) {
    Sha256 hash;
    hash.update(
        std::to_string(decoded.labels.size()) + "x" + std::to_string(decoded.channels) + "x" +
        std::to_string(decoded.height) + "x" + std::to_string(decoded.width) + "\n"
    );
    hash.update(decoded.images.data(), decoded.images.size());
    hash.update(decoded.labels.data(), decoded.labels.size());
    return hash.hex_digest();
}

bool write_all(int fd, const void* data, std::size_t size) {
    const char* bytes = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t n = ::write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

bool write_decoded(const std::filesystem::path& file, const DecodedImages& decoded) {
    std::vector<char> header(kHeaderBytes, 0);
    Header fields{};
    std::memcpy(fields.magic, kMagic, sizeof kMagic);
    fields.count = static_cast<std::int64_t>(decoded.labels.size());
    fields.channels = decoded.channels;
    fields.height = decoded.height;
    fields.width = decoded.width;
    std::memcpy(fields.fingerprint, fingerprint_of(decoded).data(), sizeof fields.fingerprint);
    std::memcpy(header.data(), &fields, sizeof fields);
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    const bool written = write_all(fd, header.data(), header.size()) &&
                         write_all(fd, decoded.images.data(), decoded.images.size()) &&
                         write_all(fd, decoded.labels.data(), decoded.labels.size()) &&
                         ::fsync(fd) == 0;
    return ::close(fd) == 0 && written;
}

}  // namespace

std::optional<Dataset> open_decoded(const std::filesystem::path& file, const DatasetInfo* info) {
    auto mapped = MappedFile::open(file);
    if (!mapped) return std::nullopt;
    const auto bytes = (*mapped)->bytes();
    if (bytes.size() < kHeaderBytes) return std::nullopt;
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return std::nullopt;
    Dataset dataset;
    dataset.info = info;
    dataset.count = header.count;
    dataset.channels = header.channels;
    dataset.height = header.height;
    dataset.width = header.width;
    const std::int64_t payload = header.count * (dataset.image_bytes() + 1);
    if (static_cast<std::int64_t>(bytes.size() - kHeaderBytes) != payload) return std::nullopt;
    dataset.images = bytes.data() + kHeaderBytes;
    dataset.labels = dataset.images + header.count * dataset.image_bytes();
    dataset.fingerprint.assign(header.fingerprint, sizeof header.fingerprint);
    dataset.storage = *mapped;
    return dataset;
}

bool store_decoded(const std::filesystem::path& file, const DecodedImages& decoded) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    std::filesystem::path temporary = file;
    // Hosts may share the folder.
    temporary += ".tmp-" + host_name() + "-" + std::to_string(::getpid());
    if (!write_decoded(temporary, decoded)) {
        std::fprintf(
            stderr,
            "data cache %s cannot be written (%s); decoding into memory\n",
            file.c_str(),
            std::strerror(errno)
        );
        std::filesystem::remove(temporary, error);
        return false;
    }
    // link, not rename: the first one stays, so that all processes map the same file.
    const bool stored = ::link(temporary.c_str(), file.c_str()) == 0 ||
                        open_decoded(file, nullptr).has_value() ||
                        ::rename(temporary.c_str(), file.c_str()) == 0;
    std::filesystem::remove(temporary, error);
    return stored;
}

Dataset keep_decoded(DecodedImages decoded, const DatasetInfo& info) {
    Dataset dataset;
    dataset.info = &info;
    dataset.count = static_cast<std::int64_t>(decoded.labels.size());
    dataset.channels = decoded.channels;
    dataset.height = decoded.height;
    dataset.width = decoded.width;
    dataset.fingerprint = fingerprint_of(decoded);
    const auto kept = std::make_shared<const DecodedImages>(std::move(decoded));
    dataset.images = kept->images.data();
    dataset.labels = kept->labels.data();
    dataset.storage = kept;
    return dataset;
}

}  // namespace bw::trainer
