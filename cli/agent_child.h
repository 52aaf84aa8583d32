// The agent as a child of `run` and `worker`, which start it again whenever it dies.
#pragma once

#include "cli/commands.h"
#include "worker/launch/supervisor.h"

namespace bw::cli {

/// `batchwright agent` with these options. What ends it for good: its coordinator's dismissal or a
/// signal (0), options that cannot work (2), a refusal (6). It is started again after a death, and
/// while another process holds its work folder (4): that one may be on its way out.
launch::ChildOptions agent_child(const WorkerOptions& options);

}  // namespace bw::cli
