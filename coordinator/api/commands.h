// The commands: pause, resume, cancel and retry of sweeps and points, drain and return of agents.
// Each is answered when it is durable, and says job by job what it changed. Loop thread only.
#pragma once

#include <string>
#include <string_view>

#include "coordinator/api/render.h"
#include "coordinator/api/submit.h"

namespace bw::api {

enum class Verb { pause, resume, cancel, retry };

std::string_view name_of(Verb verb);

/// call.segments: sweep and, for some points, points. The body may hold {"world_size": 2} for
/// resume, {"states": ["failed"]} for retry.
void command_jobs(
    Verb verb, const CorePort& core, Replica& replica, const Call& call, http::Reply reply
);

enum class AgentVerb { drain, put_back };

/// call.segments: agent. The body may hold {"reason": "..."}.
void command_agent(AgentVerb verb, const CorePort& core, const Call& call, http::Reply reply);

}  // namespace bw::api
