#include "sweeps/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bw::sweeps {
namespace {

// Reading stops to record here; a file with more problems than this needs no longer list.
constexpr std::size_t kRecordedMax = 10'000;

auto order_of(const Diagnostic& d) {
    return std::tie(d.mark.line, d.mark.column, d.severity, d.path, d.message);
}

}  // namespace

void Problems::error(Mark mark, std::string path, std::string message) {
    has_error_ = true;
    if (list_.size() >= kRecordedMax) return;
    list_.push_back({Severity::error, mark, std::move(path), std::move(message)});
}

void Problems::warning(Mark mark, std::string path, std::string message) {
    if (list_.size() >= kRecordedMax / 2) return;  // leaves room for errors
    list_.push_back({Severity::warning, mark, std::move(path), std::move(message)});
}

std::vector<Diagnostic> Problems::sorted() && {
    const auto by_position = [](const Diagnostic& a, const Diagnostic& b) {
        return order_of(a) < order_of(b);
    };
    const auto same = [](const Diagnostic& a, const Diagnostic& b) {
        return order_of(a) == order_of(b);
    };
    std::sort(list_.begin(), list_.end(), by_position);
    list_.erase(std::unique(list_.begin(), list_.end(), same), list_.end());
    if (list_.size() > kDiagnosticsMax) {
        std::stable_partition(list_.begin(), list_.end(), [](const Diagnostic& d) {
            return d.severity == Severity::error;
        });
        list_.resize(kDiagnosticsMax);
        std::sort(list_.begin(), list_.end(), by_position);
    }
    return std::move(list_);
}

}  // namespace bw::sweeps
