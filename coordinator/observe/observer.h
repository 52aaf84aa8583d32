// The coordinator's /metrics and /sd. The meter lives on the thread of the API's replica, which
// follows the durable events anyway: the loop hands over no more than what it alone knows, and
// neither recording nor a scrape holds it up. Loop thread only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "coordinator/api/api.h"
#include "coordinator/observe/meter.h"

namespace bw::observe {

struct ObserverOptions {
    std::filesystem::path journal;  // its file; the log beside it is counted too
    std::uint64_t events = 0;       // in the journal, at the start
};

class Observer {
public:
    /// Adds its routes to the API. Before the first event and the first request; must outlive the
    /// API.
    Observer(api::Api& api, ObserverOptions options);
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// A group commit, and how long the decisions took that led to its events.
    void note_commit(Duration took, std::vector<Duration> decisions, std::uint64_t events);

    /// A start command is on its way to its agent.
    void note_dispatch(const core::StartRanks& start);

private:
    void add_routes(api::Api& api);
    [[nodiscard]] std::uint64_t journal_bytes() const;

    api::Replica& replica_;
    ObserverOptions options_;
    std::optional<Meter> meter_;  // the replica's thread only
};

}  // namespace bw::observe
