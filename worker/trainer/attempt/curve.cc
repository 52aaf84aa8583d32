#include "worker/trainer/attempt/curve.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "worker/trainer/attempt/durable_file.h"

namespace bw::trainer {
namespace {

constexpr const char* kHeader = "step,epoch,loss,samples,seconds\n";

/// The rows 1..last_step, each with its line feed.
Result<std::string> earlier_rows(const std::filesystem::path& file, std::int64_t last_step) {
    std::ifstream in(file);
    std::string line;
    std::string rows;
    std::int64_t next = 1;
    std::getline(in, line);
    while (next <= last_step && std::getline(in, line)) {
        if (std::strtoll(line.c_str(), nullptr, 10) != next) break;
        rows += line + "\n";
        ++next;
    }
    if (next <= last_step) {
        return fail(
            Errc::corrupt,
            "file " + bw::quoted(file.string()) + " lacks step " + std::to_string(next) +
                " of the " + std::to_string(last_step) + " before the checkpoint"
        );
    }
    return rows;
}

}  // namespace

Result<CurveFile> CurveFile::create(
    const std::filesystem::path& file, const std::filesystem::path& earlier, std::int64_t last_step
) {
    std::string text = kHeader;
    if (!earlier.empty()) {
        auto rows = earlier_rows(earlier, last_step);
        if (!rows) return rows.error();
        text += *rows;
    }
    const auto written = write_durably(
        file,
        [&text](int fd) { return write_all(fd, text.data(), text.size()); },
        [](const std::filesystem::path&) { return Result<void>(); }
    );
    if (!written) return written.error();
    const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) return io_error(file, "opened");
    return CurveFile(fd);
}

CurveFile::CurveFile(CurveFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

CurveFile::~CurveFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> CurveFile::append(const CurveRow& row) {
    char text[160];
    const int n = std::snprintf(
        text,
        sizeof text,
        "%lld,%lld,%.17g,%lld,%.3f\n",
        static_cast<long long>(row.step),
        static_cast<long long>(row.epoch),
        row.loss,
        static_cast<long long>(row.samples),
        row.seconds
    );
    return write_all(descriptor_, text, static_cast<std::size_t>(n));
}

Result<void> CurveFile::sync() {
    if (::fdatasync(descriptor_) != 0) return io_error("curve.csv", "synchronised");
    return {};
}

}  // namespace bw::trainer
