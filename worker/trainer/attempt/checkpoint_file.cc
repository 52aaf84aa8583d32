#include "worker/trainer/attempt/checkpoint_file.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/fault_point.h"
#include "base/sha256.h"
#include "base/text.h"
#include "worker/trainer/attempt/durable_file.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kChecksumKey = "sha256";
constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";

Json header_without_checksum(const Metadata& metadata, std::span<const TensorBytes> tensors) {
    Json header;
    header[kMetadataKey] = metadata;
    std::size_t offset = 0;
    for (const auto& tensor : tensors) {
        header[tensor.name] = {
            {"dtype", tensor.dtype},
            {"shape", tensor.shape},
            {"data_offsets", {offset, offset + tensor.bytes.size()}}};
        offset += tensor.bytes.size();
    }
    return header;
}

Error damaged(const fs::path& file, const std::string& what) {
    return fail(Errc::corrupt, "checkpoint " + bw::quoted(file.string()) + " is damaged: " + what);
}

struct ParsedHeader {
    Json json;
    std::span<const std::uint8_t> data;
};

Result<ParsedHeader> parse_header(const fs::path& file, std::span<const std::uint8_t> bytes) {
    std::uint64_t length = 0;
    if (bytes.size() < sizeof length) return damaged(file, "it is shorter than a header");
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > bytes.size() - sizeof length) return damaged(file, "it ends within its header");
    const auto text = bytes.subspan(sizeof length, length);
    Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (!json.is_object()) return damaged(file, "its header is no JSON object");
    return ParsedHeader{std::move(json), bytes.subspan(sizeof length + length)};
}

/// The checksum covers the header without itself, then the data.
std::string checksum_of(const Json& header, std::span<const std::uint8_t> data) {
    Sha256 hash;
    hash.update(header.dump());
    hash.update(data.data(), data.size());
    return hash.hex_digest();
}

Result<TensorBytes> read_tensor(
    const fs::path& file,
    const std::string& name,
    const Json& entry,
    std::span<const std::uint8_t> data
) {
    const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
        return damaged(file, "tensor " + bw::quoted(name) + " lies outside its data");
    }
    return TensorBytes{
        .name = name,
        .dtype = entry.at("dtype").get<std::string>(),
        .shape = entry.at("shape").get<std::vector<std::int64_t>>(),
        .bytes = data.subspan(offsets[0], offsets[1] - offsets[0])};
}

enum class Checksum { required, if_there };

Result<void> verify(const fs::path& file, ParsedHeader& header, Metadata& metadata) {
    const std::string stated = metadata[kChecksumKey];
    header.json[kMetadataKey].erase(kChecksumKey);
    if (stated != checksum_of(header.json, header.data))
        return damaged(file, "its checksum does not hold");
    metadata.erase(kChecksumKey);
    return {};
}

Result<CheckpointFile> parsed(const fs::path& file, ParsedHeader header, Checksum checksum) {
    CheckpointFile result;
    if (checksum == Checksum::required || header.json.contains(kMetadataKey))
        result.metadata = header.json.at(kMetadataKey).get<Metadata>();
    if (checksum == Checksum::required || result.metadata.contains(kChecksumKey)) {
        if (auto verified = verify(file, header, result.metadata); !verified)
            return verified.error();
    }
    for (const auto& [name, entry] : header.json.items()) {
        if (name == kMetadataKey) continue;
        auto tensor = read_tensor(file, name, entry, header.data);
        if (!tensor) return tensor.error();
        result.tensors.push_back(std::move(*tensor));
    }
    return result;
}

/// The step of a checkpoint's file name; -1 for other files.
std::int64_t step_of(const std::string& name) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return -1;
    const char* begin = name.data() + kPrefix.size();
    const char* end = name.data() + name.size() - kSuffix.size();
    std::int64_t step = -1;
    const auto parsed = std::from_chars(begin, end, step);
    return parsed.ec == std::errc() && parsed.ptr == end ? step : -1;
}

}  // namespace

const TensorBytes* CheckpointFile::find(std::string_view name) const {
    const auto it = std::ranges::find(tensors, name, &TensorBytes::name);
    return it == tensors.end() ? nullptr : &*it;
}

Result<void> write_checkpoint(
    const fs::path& file, const Metadata& metadata, std::span<const TensorBytes> tensors
) {
    Json header = header_without_checksum(metadata, tensors);
    Sha256 hash;
    hash.update(header.dump());
    for (const auto& tensor : tensors) hash.update(tensor.bytes.data(), tensor.bytes.size());
    header[kMetadataKey][kChecksumKey] = hash.hex_digest();
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins aligned
    const std::uint64_t length = text.size();
    const auto fill = [&](int fd) -> Result<void> {
        if (auto done = write_all(fd, &length, sizeof length); !done) return done;
        if (auto done = write_all(fd, text.data(), text.size()); !done) return done;
        for (const auto& tensor : tensors) {
            fault_point("checkpoint-write");
            if (auto done = write_all(fd, tensor.bytes.data(), tensor.bytes.size()); !done)
                return done;
        }
        return {};
    };
    return write_durably(file, fill, [](const fs::path& temporary) -> Result<void> {
        auto read_back = read_checkpoint(temporary);
        if (!read_back) return read_back.error();
        return {};
    });
}

namespace {

Result<CheckpointFile> read_file(const fs::path& file, const char* what, Checksum checksum) {
    auto mapped = MappedFile::open(file);
    if (!mapped)
        return fail(mapped.error().code, std::string(what) + ": " + mapped.error().message);
    auto header = parse_header(file, (*mapped)->bytes());
    if (!header) return header.error();
    try {
        auto result = parsed(file, std::move(*header), checksum);
        if (result) result->storage = *mapped;
        return result;
    } catch (const Json::exception& error) {  // a field is missing or of another type
        return damaged(file, error.what());
    }
}

}  // namespace

Result<CheckpointFile> read_checkpoint(const fs::path& file) {
    return read_file(file, "checkpoint", Checksum::required);
}

Result<CheckpointFile> read_safetensors(const fs::path& file) {
    return read_file(file, "weights", Checksum::if_there);
}

fs::path checkpoint_path(const fs::path& attempt_dir, std::int64_t step) {
    return attempt_dir / (std::string(kPrefix) + std::to_string(step) + std::string(kSuffix));
}

void remove_checkpoints_before(const fs::path& attempt_dir, std::int64_t step) {
    std::error_code ignored;
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(attempt_dir, ignored)) {
        const std::int64_t found = step_of(entry.path().filename().string());
        if (found >= 0 && found < step) old.push_back(entry.path());
    }
    for (const auto& file : old) fs::remove(file, ignored);
}

}  // namespace bw::trainer
