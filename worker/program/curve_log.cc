#include "worker/program/curve_log.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"

namespace bw::program {
namespace {

constexpr const char* kHeader = "step,epoch,loss,samples,seconds\n";

Error io_error(const std::string& what) {
    return fail(Errc::io, "the curve cannot be " + what + ": " + std::strerror(errno));
}

Result<void> write_all(int descriptor, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = ::write(descriptor, text.data() + done, text.size() - done);
        if (n < 0 && errno != EINTR) return io_error("written");
        if (n > 0) done += static_cast<std::size_t>(n);
    }
    return boost::system::in_place_value;
}

}  // namespace

CurveLog::~CurveLog() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> CurveLog::open(
    const std::filesystem::path& file, const std::filesystem::path& earlier, std::int64_t last_step
) {
    std::string text = kHeader;
    std::ifstream rows;
    if (!earlier.empty()) rows.open(earlier);
    std::string line;
    if (rows.is_open()) std::getline(rows, line);                        // the header
    while (rows.is_open() && std::getline(rows, line) && !rows.eof()) {  // eof: a torn row
        const auto step = parse_number<std::int64_t>(line.substr(0, line.find(',')));
        const auto seconds = parse_number<double>(line.substr(line.rfind(',') + 1));
        if (!step || *step > last_step) break;
        last_step_ = *step;
        seconds_before_ = seconds.value_or(seconds_before_);
        text += line + "\n";
    }
    constexpr mode_t kMode = 0644;
    descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
    if (descriptor_ < 0) return io_error("made");
    return write_all(descriptor_, text);
}

Result<void> CurveLog::append(const CurveEntry& entry, double seconds) {
    if (entry.step <= last_step_) return boost::system::in_place_value;
    last_step_ = entry.step;
    std::array<char, 160> row{};
    std::snprintf(
        row.data(),
        row.size(),
        "%lld,%lld,%.17g,%lld,%.3f\n",
        static_cast<long long>(entry.step),
        static_cast<long long>(entry.epoch),
        std::isnan(entry.loss) ? std::nan("") : entry.loss,  // never "-nan"
        static_cast<long long>(entry.samples),
        seconds_before_ + seconds
    );
    return write_all(descriptor_, row.data());
}

Result<void> CurveLog::sync() const {
    if (descriptor_ >= 0 && ::fdatasync(descriptor_) != 0) return io_error("synchronised");
    return boost::system::in_place_value;
}

}  // namespace bw::program
