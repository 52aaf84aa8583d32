// Server-sent events: one publisher, many followers. A follower that reads too slowly is dropped,
// not buffered for ever; it reconnects and asks for the state anew. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace bw::http {

inline constexpr std::size_t kFollowerQueueMax = 4096;

/// One open event stream: the messages it still has to send.
class Follower {
public:
    explicit Follower(std::string topic) : topic_(std::move(topic)) {}

    [[nodiscard]] const std::string& topic() const { return topic_; }

    [[nodiscard]] bool overflowed() const { return overflowed_; }

    void push(const std::string& message);
    std::string take_all();            // empties the queue
    std::function<void()> on_message;  // wakes the writer

private:
    std::string topic_;
    std::deque<std::string> queue_;
    bool overflowed_ = false;
};

class Feed {
public:
    void follow(const std::shared_ptr<Follower>& follower) { followers_.insert(follower); }

    void leave(const std::shared_ptr<Follower>& follower) { followers_.erase(follower); }

    /// To every follower of the topic ("sweep/3"), as `event: NAME` and `data: JSON` (one line).
    void publish(const std::string& topic, const std::string& name, const std::string& json);

private:
    std::set<std::shared_ptr<Follower>> followers_;
};

}  // namespace bw::http
