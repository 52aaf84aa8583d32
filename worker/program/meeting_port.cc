#include "worker/program/meeting_port.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bw::program {
namespace {

// The number, or 0.
int bind_to(int descriptor, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(descriptor, any, size) != 0 || ::getsockname(descriptor, any, &size) != 0) return 0;
    return ntohs(address.sin_port);
}

}  // namespace

Result<MeetingPort> MeetingPort::reserve(int first, int last) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return fail(
            Errc::io, std::string("no port for the ranks to meet: ") + std::strerror(errno)
        );
    MeetingPort reserved(descriptor, 0);
    // Without SO_REUSEADDR while it is chosen: another rank's port must not be taken for free.
    for (int port = first; reserved.number_ == 0 && port <= last; ++port)
        reserved.number_ = bind_to(descriptor, port);
    const int yes = 1;
    if (reserved.number_ != 0 &&
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0)
        return reserved;
    return fail(
        Errc::in_use,
        "no port for the ranks to meet is free in " + std::to_string(first) + "-" +
            std::to_string(last)
    );
}

MeetingPort::MeetingPort(MeetingPort&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), number_(other.number_) {}

MeetingPort::~MeetingPort() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace bw::program
