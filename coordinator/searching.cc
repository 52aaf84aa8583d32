#include "coordinator/searching.h"

#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "coordinator/core/answer.h"

namespace bw::coordinator {

namespace asio = boost::asio;

void Searching::look(const core::State& state, Instant now) {
    for (const core::PointsWanted& wanted : core::wanted_points(state, now)) {
        const bool is_external =
            state.sweeps.at(wanted.sweep).sweep->method == sweeps::Method::custom;
        if (!is_external && asked_.insert(wanted.sweep).second) ask(state, wanted);
    }
}

void Searching::ask(const core::State& state, const core::PointsWanted& wanted) {
    const core::SweepRecord& sweep = state.sweeps.at(wanted.sweep);
    auto past = std::make_shared<std::vector<search::PastJob>>(core::past_jobs(state, sweep));
    asio::post(thread_, [this, text = sweep.sweep, past, wanted] {
        auto answer =
            std::make_shared<core::SearcherAnswered>(core::answer_of(*text, *past, wanted));
        asio::post(io_, [this, answer] {
            asked_.erase(answer->sweep);
            submit_(*answer);
        });
    });
}

void Searching::join() {
    thread_.stop();
    thread_.join();
}

}  // namespace bw::coordinator
