#include "metrics/metric.h"

#include "base/assert.h"

namespace bw::metrics {

namespace {

constexpr auto kLabels = std::to_array<LabelInfo>({
    {Label::sweep, "sweep", "the sweep's number"},
    {Label::point, "point", "the point's ordinal in its sweep"},
    {Label::job, "job", "the job's number; scrape with `honor_labels: true`"},
    {Label::attempt, "attempt", "the attempt's number, from 1"},
    {Label::rank, "rank", "from 0"},
    {Label::agent, "agent", "the agent's name, stable over reconnects"},
    {Label::slot, "slot", "the slot's index on its agent, from 0"},
    {Label::model, "model", "the model's name in the catalog, or `external`"},
    {Label::device, "device", "the kind of device: `cpu`, or the GPU's name"},
    {Label::state,
     "state",
     "of jobs: `queued`, `starting`, `running`, `preempting`, `paused`, `waiting_retry`, "
     "`finished`, `failed`, `cancelled`, `stopped`, `refused`; of sweeps: `open`, `ended`"},
    {Label::outcome, "outcome", "`finished`, `stopped`, `failed`, `died`, `lost`, `refused`"},
    {Label::cause,
     "cause",
     "of lost work: how its attempt ended (`stopped`, `failed`, `died`, `lost` with the agent) or "
     "its job (`failed`, `cancelled`); of a re-plan: `oom`"},
    {Label::phase,
     "phase",
     "`data`, `forward`, `backward`, `all_reduce`, `optimizer`, `evaluation`, `checkpoint`, "
     "`other`"},
    {Label::set, "set", "`train`, `test`"},
    {Label::method, "method", "`GET`, `POST`, ..."},
    {Label::route, "route", "the route's pattern, never a path with numbers in it"},
    {Label::status, "status", "the HTTP status"},
    {Label::version, "version", "of Batchwright"},
    {Label::commit, "commit", "of the build"},
});

constexpr bool are_in_order() {
    for (std::size_t i = 0; i < kLabels.size(); ++i) {
        if (static_cast<std::size_t>(kLabels[i].label) != i) return false;
    }
    return true;
}

static_assert(are_in_order(), "kLabels is indexed by Label");

}  // namespace

std::string_view name_of(Type type) {
    switch (type) {
        case Type::counter:
            return "counter";
        case Type::gauge:
            return "gauge";
        case Type::histogram:
            return "histogram";
    }
    BW_ASSERT(false, "the metric's type is one of three");
    return {};
}

std::string_view name_of(Label label) { return kLabels.at(static_cast<std::size_t>(label)).name; }

std::span<const LabelInfo> all_labels() { return kLabels; }

}  // namespace bw::metrics
