#include "worker/agent/spool.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "wire/frame.h"

namespace bw::agent {
namespace {

bool may_be_dropped(const proto::Fact& fact) {
    return fact.has_checkpoint_durable() || fact.has_epoch_measured();
}

void complain(const char* what) {
    // Training goes on: the facts are still in memory, and only the loss of this process as well
    // would lose them.
    std::fprintf(
        stderr, "batchwright agent: the spool of facts: %s: %s\n", what, std::strerror(errno)
    );
}

}  // namespace

Result<Spool> Spool::open(const std::filesystem::path& file) {
    const int descriptor =
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return fail(Errc::io, "cannot write " + file.string() + ": " + std::strerror(errno));
    }
    return Spool(descriptor);
}

Spool::Spool(Spool&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      last_sequence_(other.last_sequence_),
      facts_(std::move(other.facts_)),
      synced_(other.synced_) {}

Spool::~Spool() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

const proto::Fact* Spool::append(proto::Fact fact) {
    if (facts_.size() >= kFactsMax && may_be_dropped(fact)) return nullptr;
    fact.set_sequence(++last_sequence_);
    proto::Frame frame;
    *frame.mutable_fact() = fact;
    const std::string bytes = wire::encode_frame(frame);
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written != static_cast<ssize_t>(bytes.size())) complain("cannot append");
    synced_ = false;
    facts_.push_back(std::move(fact));
    return &facts_.back();
}

void Spool::sync() {
    if (std::exchange(synced_, true) || facts_.empty()) return;
    if (::fdatasync(descriptor_) != 0) complain("cannot sync");
}

void Spool::acknowledge(std::uint64_t sequence) {
    while (!facts_.empty() && facts_.front().sequence() <= sequence) facts_.pop_front();
    if (facts_.empty() && ::ftruncate(descriptor_, 0) != 0) complain("cannot truncate");
}

void Spool::clear() { acknowledge(last_sequence_); }

}  // namespace bw::agent
