#include "coordinator/core/trace.h"

#include <cstdio>

#include "base/sha256.h"
#include "base/text.h"

namespace bw::core {
namespace {

// Builds `Name key=value key=value`.
class Line {
public:
    explicit Line(const char* name) : text_(name) {}

    Line& put(const char* key, const std::string& value) {
        text_ += std::string(" ") + key + "=" + value;
        return *this;
    }

    Line& put(const char* key, std::int64_t value) { return put(key, std::to_string(value)); }

    Line& put(const char* key, std::uint64_t value) { return put(key, std::to_string(value)); }

    Line& put(const char* key, int value) { return put(key, std::to_string(value)); }

    Line& put(const char* key, std::uint32_t value) { return put(key, std::to_string(value)); }

    Line& attempt(JobId job, std::uint32_t number) {
        return put("job", job.value).put("attempt", number);
    }

    Line& put(const char* key, const std::map<std::string, double>& values) {
        std::string list;
        for (const auto& [name, value] : values) {
            char number[40];
            std::snprintf(number, sizeof number, "%.17g", value);
            list += (list.empty() ? "" : ",") + name + ":" + number;
        }
        return put(key, list);
    }

    Line& put(const char* key, const std::optional<Checkpoint>& checkpoint) {
        return put(key, checkpoint ? std::to_string(checkpoint->step) : "-");
    }

    Line& put(const char* key, const std::optional<JobResult>& result) {
        return result ? put(key, result->weights_sha256).put("metrics", result->metrics)
                      : put(key, std::string("-"));
    }

    operator std::string() const { return text_; }

private:
    std::string text_;
};

std::string line(const SweepSubmitted& e) {
    return Line("SweepSubmitted")
        .put("sweep", e.sweep.value)
        .put("fingerprint", e.fingerprint.substr(0, 12));
}

std::string line(const SweepLimitsChanged& e) {
    return Line("SweepLimitsChanged").put("sweep", e.sweep.value);
}

std::string line(const PointsSuggested& e) {
    std::string points;
    for (const SuggestedPoint& point : e.points) {
        points += (points.empty() ? "" : ",") + std::to_string(point.job.value) + ":" +
                  std::to_string(point.ordinal) + ":" + point.hash;
    }
    return Line("PointsSuggested")
        .put("sweep", e.sweep.value)
        .put("points", points)
        .put("exhausted", e.exhausted ? 1 : 0);
}

std::string line(const SweepEnded& e) { return Line("SweepEnded").put("sweep", e.sweep.value); }

std::string line(const AgentJoined& e) {
    return Line("AgentJoined")
        .put("agent", e.agent.value)
        .put("epoch", e.epoch)
        .put("name", e.name)
        .put("slots", std::uint64_t{e.slots.size()});
}

std::string line(const AgentLost& e) {
    return Line("AgentLost")
        .put("agent", e.agent.value)
        .put("epoch", e.epoch)
        .put("reason", bw::quoted(e.reason));
}

std::string line(const AttemptPlaced& e) {
    std::string slots;
    for (const SlotRef& slot : e.slots) {
        slots += (slots.empty() ? "" : ",") + std::to_string(slot.agent.value) + "." +
                 std::to_string(slot.slot);
    }
    return Line("AttemptPlaced")
        .attempt(e.job, e.attempt)
        .put("slots", slots)
        .put("m", e.plan.micro_batch)
        .put("a", e.plan.accumulation)
        .put("resume", e.resume);
}

std::string line(const StoreOpened& e) {
    return Line("StoreOpened").attempt(e.job, e.attempt).put("host", e.host).put("port", e.port);
}

std::string line(const AttemptRunning& e) {
    std::string lost;
    for (const LostWork& one : e.lost) {
        lost += (lost.empty() ? "" : ",") + std::to_string(one.attempt) + ":" +
                std::to_string(one.steps) + ":" + std::to_string(one.time.ns) + ":" + one.cause;
    }
    return Line("AttemptRunning")
        .attempt(e.job, e.attempt)
        .put("step", e.step)
        .put("total", e.total_steps)
        .put("lost", lost);
}

std::string line(const CheckpointAccepted& e) {
    return Line("CheckpointAccepted").attempt(e.job, e.attempt).put("step", e.checkpoint.step);
}

std::string line(const EpochMeasured& e) {
    return Line("EpochMeasured")
        .attempt(e.job, e.attempt)
        .put("epoch", e.epoch)
        .put("values", e.values);
}

std::string line(const RankEnded& e) {
    return Line("RankEnded")
        .attempt(e.job, e.attempt)
        .put("rank", e.rank)
        .put("outcome", std::string(name_of(e.outcome)))
        .put("retry", e.retry ? 1 : 0)
        .put("step", e.step)
        .put("result", e.result)
        .put("reason", bw::quoted(e.reason));
}

std::string line(const AttemptStopping& e) {
    return Line("AttemptStopping")
        .attempt(e.job, e.attempt)
        .put("kind", std::string(name_of(e.kind)))
        .put("after", std::string(name_of(e.after)))
        .put("reason", bw::quoted(e.reason));
}

std::string line(const JobRequeued& e) {
    return Line("JobRequeued")
        .attempt(e.job, e.attempt)
        .put("counts", e.counts_as_retry ? 1 : 0)
        .put("not_before", e.not_before.ns)
        .put("reason", bw::quoted(e.reason));
}

std::string line(const JobEnded& e) {
    return Line("JobEnded")
        .put("job", e.job.value)
        .put("state", std::string(name_of(e.state)))
        .put("result", e.result)
        .put("lost", e.lost.ns)
        .put("reason", bw::quoted(e.reason));
}

std::string line(const SweepPaused& e) { return Line("SweepPaused").put("sweep", e.sweep.value); }

std::string line(const SweepResumed& e) {
    return Line("SweepResumed").put("sweep", e.sweep.value).put("world_size", e.world_size);
}

std::string line(const SweepCancelled& e) {
    return Line("SweepCancelled").put("sweep", e.sweep.value);
}

std::string line(const SweepReopened& e) {
    return Line("SweepReopened")
        .put("sweep", e.sweep.value)
        .put("suggests_again", e.suggests_again ? 1 : 0);
}

std::string line(const JobPaused& e) {
    return Line("JobPaused").attempt(e.job, e.attempt).put("reason", bw::quoted(e.reason));
}

std::string line(const JobResumed& e) { return Line("JobResumed").put("job", e.job.value); }

std::string line(const JobWorldSizeSet& e) {
    return Line("JobWorldSizeSet").put("job", e.job.value).put("world_size", e.world_size);
}

std::string line(const JobReopened& e) { return Line("JobReopened").put("job", e.job.value); }

std::string line(const SearchEnded& e) {
    return Line("SearchEnded").put("sweep", e.sweep.value).put("reason", bw::quoted(e.reason));
}

std::string line(const JobHeld& e) {
    return Line("JobHeld").attempt(e.job, e.attempt).put("reason", bw::quoted(e.reason));
}

std::string line(const JobPromoted& e) {
    return Line("JobPromoted").put("job", e.job.value).put("reason", bw::quoted(e.reason));
}

std::string line(const AgentDraining& e) {
    return Line("AgentDraining")
        .put("agent", e.agent.value)
        .put("epoch", e.epoch)
        .put("reason", bw::quoted(e.reason));
}

std::string line(const ProfileLearned& e) {
    return Line("ProfileLearned")
        .attempt(e.measured_by, e.attempt)
        .put("profile", sha256_hex(e.profile).substr(0, 12));
}

std::string line(const AgentsExpected& e) {
    return Line("AgentsExpected").put("count", static_cast<std::uint64_t>(e.count));
}

std::string line(const AgentsSettled&) { return Line("AgentsSettled"); }

std::string line(const AgentReturned& e) {
    return Line("AgentReturned").put("agent", e.agent.value).put("epoch", e.epoch);
}

}  // namespace

std::string describe(const Event& event) {
    return std::visit([](const auto& e) { return line(e); }, event);
}

}  // namespace bw::core
