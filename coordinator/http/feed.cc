#include "coordinator/http/feed.h"

namespace bw::http {

void Follower::push(const std::string& message) {
    if (queue_.size() >= kFollowerQueueMax) overflowed_ = true;
    if (!overflowed_) queue_.push_back(message);
    if (on_message) on_message();
}

std::string Follower::take_all() {
    std::string all;
    for (const std::string& message : queue_) all += message;
    queue_.clear();
    return all;
}

void Feed::publish(const std::string& topic, const std::string& name, const std::string& json) {
    const std::string message = "event: " + name + "\ndata: " + json + "\n\n";
    for (const auto& follower : followers_) {
        if (follower->topic() == topic) follower->push(message);
    }
}

}  // namespace bw::http
