// Server-sent events: one publisher, many followers. A follower that reads too slowly is dropped,
// not buffered for ever; it reconnects and asks for the state anew. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bw::http {

inline constexpr std::size_t kFollowerQueueMax = 4096;

/// One message of an event stream: `event: NAME` and `data: JSON` (one line).
std::string event_message(const std::string& name, const std::string& json);

/// One open event stream: the messages it still has to send. Whoever answers a request with one
/// makes it; the server owns it as long as the connection lasts.
class Follower {
public:
    explicit Follower(std::string topic) : topic_(std::move(topic)) {}

    [[nodiscard]] const std::string& topic() const { return topic_; }

    [[nodiscard]] bool overflowed() const { return overflowed_; }

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }

    [[nodiscard]] bool finished() const { return finished_; }

    void push(const std::string& message);
    void finish();                    // what is queued is sent, then the stream ends
    std::string take_all();           // empties the queue
    std::function<void()> on_change;  // wakes the writer

private:
    std::string topic_;
    std::deque<std::string> queue_;
    bool overflowed_ = false, finished_ = false;
};

class Feed {
public:
    /// From now on it gets its topic's events, until its last owner lets go of it.
    void follow(const std::shared_ptr<Follower>& follower) { followers_.push_back(follower); }

    /// To every follower of the topic ("sweep/3").
    void publish(const std::string& topic, const std::string& name, const std::string& json);

private:
    std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace bw::http
