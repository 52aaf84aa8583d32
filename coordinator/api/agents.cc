// Questions about agents.
#include "coordinator/api/reads.h"

namespace bw::api {

Result<Json> list_agents(const View& view, const Call& call) {
    const auto state = choice_of(call, "state", {"live", "drained", "lost"});
    if (!state) return state.error();
    Json rows = Json::array();
    std::uint64_t slots = 0, busy = 0;
    for (const auto& [id, agent] : view.state().agents) {
        Json row = agent_json(view.state(), agent);
        if (!state->empty() && row["state"] != *state) continue;
        for (const Json& slot : row["slots"]) {
            if (!agent.live) continue;
            ++slots;
            if (!slot["busy"].is_null()) ++busy;
        }
        rows.push_back(std::move(row));
    }
    return done({{"agents", std::move(rows)}, {"slots", slots}, {"slots_busy", busy}});
}

}  // namespace bw::api
