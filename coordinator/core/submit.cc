#include "coordinator/core/handlers.h"
#include "coordinator/core/stopping.h"
#include "sweeps/parse.h"

namespace bw::core {
namespace {

bool have_same_limits(const sweeps::Sweep& a, const sweeps::Sweep& b) {
    return a.run_cap == b.run_cap && a.options.concurrency == b.options.concurrency &&
           a.options.retries == b.options.retries &&
           a.options.max_failures == b.options.max_failures &&
           a.options.budget.jobs == b.options.budget.jobs &&
           a.options.budget.device_hours == b.options.budget.device_hours;
}

}  // namespace

void on_submit(Draft& draft, const SubmitSweep& input) {
    const sweeps::Parsed parsed = sweeps::parse_sweep(input.text);
    if (!parsed.sweep) return;  // the client was told so before it got here
    if (input.agents > 0 && input.agents != draft.view().arrivals().expected)
        draft.add(AgentsExpected{input.agents, draft.now()});
    const SweepRecord* known =
        input.fresh ? nullptr : find_sweep(draft.base(), parsed.sweep->fingerprint);
    if (known == nullptr) {
        const std::string& fingerprint = parsed.sweep->fingerprint;
        draft.add(SweepSubmitted{
            draft.next_sweep(), input.file_name, input.text, fingerprint, draft.now()});
    } else if (!have_same_limits(*known->sweep, *parsed.sweep)) {
        draft.add(SweepLimitsChanged{known->id, input.text});
        judge_target(draft, known->id);
    }
}

}  // namespace bw::core
