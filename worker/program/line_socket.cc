#include "worker/program/line_socket.h"

#include <array>
#include <cerrno>

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bw::program {

LineSocket::LineSocket(int descriptor) : descriptor_(descriptor) {}

LineSocket::~LineSocket() { ::close(descriptor_); }

void LineSocket::send(const std::string& line) {
    const std::string text = line + "\n";
    std::size_t done = 0;
    while (done < text.size() && !is_deaf_) {
        const ssize_t n = ::send(descriptor_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
        if (n >= 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            pollfd entry{.fd = descriptor_, .events = POLLOUT, .revents = 0};
            ::poll(&entry, 1, -1);
        } else if (errno != EINTR) {
            is_deaf_ = true;  // what it said before can still be read
        }
    }
}

void LineSocket::send_if_room(const std::string& line) {
    pollfd entry{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, 0) > 0) send(line);
}

bool LineSocket::fill() {
    std::array<char, 16 * 1024> bytes;
    while (!is_closed_) {
        const ssize_t n = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (n > 0) incoming_.append(bytes.data(), static_cast<std::size_t>(n));
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (n == 0 || (n < 0 && errno != EINTR)) is_closed_ = true;
    }
    return !is_closed_;
}

std::optional<std::string> LineSocket::take_line() {
    const auto end = incoming_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = incoming_.substr(0, end);
    incoming_.erase(0, end + 1);
    return line;
}

bool LineSocket::is_read() const {
    int unread = 0;
    return ::ioctl(descriptor_, SIOCOUTQ, &unread) == 0 && unread == 0;
}

}  // namespace bw::program
