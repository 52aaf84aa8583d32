// One end of a socket that carries lines, without a thread. Reading never blocks.
#pragma once

#include <optional>
#include <string>

namespace bw::program {

/// Owns the descriptor.
class LineSocket {
public:
    explicit LineSocket(int descriptor);
    LineSocket(const LineSocket&) = delete;
    LineSocket& operator=(const LineSocket&) = delete;
    ~LineSocket();

    /// Waits for room. When the other end is gone the line is lost.
    void send(const std::string& line);

    /// Not at all when there is no room for it.
    void send_if_room(const std::string& line);

    /// Reads what has arrived. False: nothing more will.
    bool fill();

    /// The next whole line that has arrived, without its line feed.
    std::optional<std::string> take_line();

    /// What has arrived of a line that has no end yet.
    [[nodiscard]] std::size_t unfinished_bytes() const { return incoming_.size(); }

    /// Whether the other end has read all that was sent.
    [[nodiscard]] bool is_read() const;

    [[nodiscard]] bool is_closed() const { return is_closed_; }

    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
    bool is_closed_ = false;
    bool is_deaf_ = false;
    std::string incoming_;
};

}  // namespace bw::program
