#include "coordinator/http/feed.h"

#include <utility>

namespace bw::http {

std::string event_message(const std::string& name, const std::string& json) {
    return "event: " + name + "\ndata: " + json + "\n\n";
}

void Follower::push(const std::string& message) {
    if (queue_.size() >= kFollowerQueueMax) overflowed_ = true;
    if (!overflowed_) queue_.push_back(message);
    if (on_change) on_change();
}

void Follower::finish() {
    finished_ = true;
    if (on_change) on_change();
}

std::string Follower::take_all() {
    std::string all;
    for (const std::string& message : queue_) all += message;
    queue_.clear();
    return all;
}

void Feed::publish(const std::string& topic, const std::string& name, const std::string& json) {
    const std::string message = event_message(name, json);
    std::erase_if(followers_, [](const auto& follower) { return follower.expired(); });
    for (const auto& known : followers_) {
        const auto follower = known.lock();
        if (follower && follower->topic() == topic) follower->push(message);
    }
}

}  // namespace bw::http
