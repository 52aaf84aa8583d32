#include "coordinator/api/replica.h"

#include <utility>

namespace bw::api {

namespace asio = boost::asio;

Replica::Replica(asio::io_context& loop, core::State state)
    : loop_(loop), books_(make_books(std::move(state))) {}

Replica::~Replica() { stop(); }

void Replica::stop() {
    thread_.stop();
    thread_.join();
}

void Replica::apply(core::Event event) {
    asio::post(thread_, [this, event = std::move(event)] {
        api::apply(books_, event);
        if (follower_) follower_(books_, event);
    });
}

void Replica::note(JobId job, const Progress& progress) {
    asio::post(thread_, [this, job, progress] { api::note(books_, job, progress); });
}

void Replica::run(std::function<void(const Books&)> work) {
    asio::post(thread_, [this, work = std::move(work)] { work(books_); });
}

}  // namespace bw::api
