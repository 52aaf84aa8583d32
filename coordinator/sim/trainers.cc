#include "coordinator/sim/trainers.h"

#include <algorithm>
#include <charconv>

#include "base/sha256.h"

namespace bw::sim {
namespace {

constexpr std::int64_t kCheckpointSteps = 5;
constexpr std::int64_t kStepsPerEpoch = 10;

std::string checkpoint_path(AttemptId id, std::int64_t step) {
    return std::to_string(id.job.value) + "/" + std::to_string(id.number) + "/" +
           std::to_string(step);
}

// The step at the end of a checkpoint's path; 0 for none.
std::int64_t step_of(const std::string& path) {
    std::int64_t step = 0;
    const char* end = path.data() + path.size();
    std::from_chars(path.data() + path.rfind('/') + 1, end, step);
    return step;
}

core::RankEnded end_of(
    const Trainer& trainer, core::RankOutcome outcome, const std::string& reason
) {
    core::RankEnded fact;
    fact.job = trainer.attempt.job;
    fact.attempt = trainer.attempt.number;
    fact.rank = trainer.rank;
    fact.outcome = outcome;
    fact.reason = reason;
    return fact;
}

}  // namespace

std::string weights_of(const std::string& params_json, std::int64_t step) {
    return sha256_hex(params_json + "@" + std::to_string(step)).substr(0, 16);
}

std::int64_t total_steps_of(std::uint64_t ordinal) {
    return ordinal % 3 == 0 ? 8 : 20 + 7 * static_cast<std::int64_t>(ordinal % 5);
}

double loss_of(std::uint64_t ordinal, std::int64_t step) {
    return static_cast<double>(1 + ordinal * 7 % 5) / static_cast<double>(step);
}

bool is_poisoned(std::uint64_t ordinal) { return ordinal % 9 == 4; }

void Trainers::start(std::size_t agent, const core::StartRanks& order) {
    const bool is_resumable =
        order.resume_path.empty() || world_.storage.contains(order.resume_path);
    world_.require(
        is_resumable, "an attempt resumes from a checkpoint that exists: " + order.resume_path
    );
    for (const auto& [rank, slot] : order.ranks) {
        const Device device{agent, slot};
        world_.require(!running_.contains(device), "a rank starts on a device that is free");
        Trainer& trainer = running_[device];
        trainer.attempt = {order.job, order.attempt};
        trainer.rank = rank;
        trainer.world_size = order.plan.world_size;
        trainer.ordinal = order.ordinal;
        trainer.params_json = order.params_json;
        trainer.step = order.resume_path.empty() ? 0 : step_of(order.resume_path);
        trainer.ready_at = world_.tick + world_.between(2, 8);
        trainer.has_rendezvous = rank == 0;
        trainer.account_from = order.account_from;
    }
}

void Trainers::rendezvous(std::size_t agent, AttemptId attempt) {
    for (auto& [device, trainer] : running_) {
        if (device.agent == agent && trainer.attempt == attempt) trainer.has_rendezvous = true;
    }
}

// Only the newest checkpoint is kept once the coordinator has accepted it.
void Trainers::confirm(std::size_t agent, const core::ConfirmCheckpoint& order) {
    const AttemptId id{order.job, order.attempt};
    const bool is_there = std::ranges::any_of(running_, [&](const auto& entry) {
        return entry.first.agent == agent && entry.second.attempt == id && entry.second.rank == 0;
    });
    if (!is_there) return;
    const std::string job = std::to_string(order.job.value) + "/";
    std::erase_if(world_.storage, [&](const std::string& path) {
        return path.starts_with(job) && step_of(path) < order.step;
    });
}

void Trainers::end(Device device, core::RankOutcome outcome, const std::string& reason) {
    end(device, end_of(running_.at(device), outcome, reason));
}

// By value: the map's own key, which callers hand in, goes with the entry.
void Trainers::end(Device device, core::RankEnded fact) {
    fact.step = steps_[running_.at(device).attempt];
    running_.erase(device);
    say_(device.agent, fact);
}

void Trainers::stop(std::size_t agent, AttemptId attempt, core::StopKind kind) {
    if (kind == core::StopKind::kill) return kill(agent, attempt);
    std::vector<Device> idle;
    for (auto& [device, trainer] : running_) {
        if (device.agent != agent || trainer.attempt != attempt) continue;
        if (steps_.contains(attempt)) {
            trainer.told = kind;
            if (trainer.killed_at == 0) trainer.killed_at = world_.tick + kGraceTicks;
        } else {
            idle.push_back(device);
        }
    }
    for (const Device& device : idle)
        end(device, core::RankOutcome::stopped, "stopped before its first step");
}

void Trainers::preempt_all(std::size_t agent) {
    std::set<AttemptId> attempts;
    for (const auto& [device, trainer] : running_) {
        if (device.agent == agent) attempts.insert(trainer.attempt);
    }
    for (const AttemptId id : attempts) stop(agent, id, core::StopKind::preempt);
}

void Trainers::kill_all(std::size_t agent) {
    for (const core::HeldRank& held : held_by(agent)) kill(agent, {held.job, held.attempt});
}

void Trainers::kill(std::size_t agent, AttemptId attempt) {
    std::vector<Device> devices;
    for (const auto& [device, trainer] : running_) {
        if (device.agent == agent && trainer.attempt == attempt) devices.push_back(device);
    }
    for (const Device& device : devices) end(device, core::RankOutcome::died, "SIGKILL");
}

bool Trainers::kill_one() {
    if (running_.empty()) return false;
    const auto index = world_.between(0, std::ssize(running_) - 1);
    const Device device = std::next(running_.begin(), index)->first;
    if (world_.chance(300)) {
        end(device, core::RankOutcome::failed, "no space left on device");
    } else {
        end(device, core::RankOutcome::died, "SIGSEGV");
    }
    return true;
}

void Trainers::drop_all(std::size_t agent) {
    std::erase_if(running_, [agent](const auto& entry) { return entry.first.agent == agent; });
}

std::vector<core::HeldRank> Trainers::held_by(std::size_t agent) const {
    std::vector<core::HeldRank> held;
    for (const auto& [device, trainer] : running_) {
        if (device.agent != agent) continue;
        held.push_back({trainer.attempt.job, trainer.attempt.number, trainer.rank});
    }
    return held;
}

void Trainers::advance() {
    std::map<AttemptId, Gang> gangs;
    for (auto it = running_.begin(); it != running_.end(); ++it)
        gangs[it->second.attempt].push_back(it);
    for (const auto& [id, gang] : gangs) advance_gang(id, gang);
}

void Trainers::advance_gang(AttemptId id, const Gang& gang) {
    const bool is_ready = std::ranges::all_of(gang, [this](const auto& it) {
        return it->second.ready_at <= world_.tick;
    });
    const bool is_whole = std::ssize(gang) == gang.front()->second.world_size;
    if (steps_.contains(id)) {
        if (!is_whole) return lose_peers(gang);
        // What it decides after this step stands when the last peer reads it: as a control vector.
        const auto stops = verdict(gang);
        train(id, gang, stops);
        return;
    }
    for (const auto& it : gang) {
        if (it->second.rank != 0 || it->second.world_size == 1 ||
            it->second.ready_at != world_.tick)
            continue;
        say_(
            it->first.agent,
            core::StoreOpened{id.job, id.number, "10.0.0.1", 5000 + static_cast<int>(id.number)}
        );
    }
    const bool have_met = is_whole && is_ready && std::ranges::all_of(gang, [](const auto& it) {
                              return it->second.has_rendezvous;
                          });
    if (!have_met) return;
    steps_[id] = gang.front()->second.step;
    curves_[id] = {.first = steps_[id], .last = steps_[id]};
    for (const auto& it : gang) {
        if (it->second.rank != 0) continue;
        core::AttemptRunning fact;
        fact.job = id.job;
        fact.attempt = id.number;
        fact.step = it->second.step;
        fact.total_steps = total_steps_of(it->second.ordinal);
        fact.lost = lost_before(id, it->second);
        say_(it->first.agent, fact);
    }
}

// A rank whose peer is gone fails after a while; one in five hangs until it is killed.
void Trainers::lose_peers(const Gang& gang) {
    std::vector<Device> failed;
    for (const auto& it : gang) {
        Trainer& trainer = it->second;
        if (!trainer.fails_at) {
            const bool hangs = world_.chance(200);
            trainer.fails_at = world_.tick + (hangs ? 1'000'000 : world_.between(1, 8));
        }
        if (*trainer.fails_at <= world_.tick) failed.push_back(it->first);
    }
    kill_after_grace(gang);
    for (const Device& device : failed) {
        if (running_.contains(device))
            end(device, core::RankOutcome::failed, "connection closed by peer");
    }
}

void Trainers::kill_after_grace(const Gang& gang) {
    std::vector<Device> late;
    for (const auto& it : gang) {
        const std::int64_t at = it->second.killed_at;
        if (at != 0 && at <= world_.tick) late.push_back(it->first);
    }
    for (const Device& device : late)
        end(device, core::RankOutcome::died, "SIGKILL after its grace");
}

// Any rank's request is every rank's; to cancel wins.
std::optional<core::StopKind> Trainers::verdict(const Gang& gang) {
    std::optional<core::StopKind> kind;
    for (const auto& it : gang) {
        if (it->second.told && kind != core::StopKind::cancel) kind = it->second.told;
    }
    return kind;
}

void Trainers::stop_at_step(AttemptId id, const Gang& gang, core::StopKind kind) {
    const auto zero =
        *std::ranges::find_if(gang, [](const auto& it) { return it->second.rank == 0; });
    if (kind == core::StopKind::preempt) checkpoint(id, steps_.at(id), zero->first.agent);
    std::vector<Device> devices;
    for (const auto& it : gang) devices.push_back(it->first);
    for (const Device& device : devices) end(device, core::RankOutcome::stopped, "");
}

std::vector<core::LostWork> Trainers::lost_before(AttemptId id, const Trainer& trainer) {
    std::vector<core::LostWork> lost;
    std::uint32_t first = trainer.account_from;
    if (first == 0) return lost;
    if (world_.options.sabotage == Sabotage::forget_loss) first = id.number - 1;
    for (std::uint32_t number = first; number < id.number; ++number) {
        const auto curve = curves_.find({id.job, number});
        if (curve == curves_.end()) continue;
        curve->second.read = curve->second.last;
        const std::int64_t steps = curve->second.last - trainer.step;
        if (steps > 0) lost.push_back({number, steps, {steps * kStepTime.ns}, ""});
    }
    return lost;
}

void Trainers::train(AttemptId id, const Gang& gang, std::optional<core::StopKind> stops) {
    std::int64_t& step = steps_.at(id);
    const auto zero =
        *std::ranges::find_if(gang, [](const auto& it) { return it->second.rank == 0; });
    const std::uint64_t ordinal = zero->second.ordinal;
    if (is_poisoned(ordinal) && step >= 6) {
        core::RankEnded fact =
            end_of(zero->second, core::RankOutcome::failed, "poisoned: loss is NaN");
        fact.retry = false;
        return end(zero->first, std::move(fact));
    }
    if (step >= total_steps_of(ordinal)) return finish(id, gang, step);
    ++step;
    curves_.at(id).last = step;
    if (stops && step < total_steps_of(ordinal)) return stop_at_step(id, gang, *stops);
    if (step % kCheckpointSteps == 0) checkpoint(id, step, zero->first.agent);
    if (step % kStepsPerEpoch != 0) return;
    const int epoch = static_cast<int>(step / kStepsPerEpoch) - 1;
    say_(
        zero->first.agent,
        core::EpochMeasured{id.job, id.number, epoch, step, {{"test_loss", loss_of(ordinal, step)}}}
    );
}

void Trainers::finish(AttemptId, const Gang& gang, std::int64_t step) {
    std::vector<Device> devices;
    for (const auto& it : gang) devices.push_back(it->first);
    for (const Device& device : devices) {
        core::RankEnded fact = end_of(running_.at(device), core::RankOutcome::finished, "");
        if (fact.rank == 0)
            fact.result.emplace().weights_sha256 =
                weights_of(running_.at(device).params_json, step);
        end(device, std::move(fact));
    }
}

void Trainers::checkpoint(AttemptId id, std::int64_t step, std::size_t agent) {
    const std::string path = checkpoint_path(id, step);
    world_.storage.insert(path);
    say_(agent, core::CheckpointAccepted{id.job, id.number, {.step = step, .path = path}});
}

}  // namespace bw::sim
