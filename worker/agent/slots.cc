#include "worker/agent/slots.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace bw::agent {
namespace {

/// 0: none.
std::int64_t smaller_limit(std::int64_t a, std::int64_t b) {
    if (a == 0 || b == 0) return std::max(a, b);
    return std::min(a, b);
}

/// Of the gang's ranks here, in their order: a program sees them all and takes that of its
/// LOCAL_RANK.
std::string gpus_of(const proto::StartRanks& order, const AgentOptions& options) {
    std::map<int, std::string> by_rank;
    for (const proto::RankOnSlot& where : order.ranks()) {
        if (where.slot() < options.slots.size())
            by_rank[where.rank()] = options.slots[where.slot()].gpu;
    }
    std::string gpus;
    for (const auto& [rank, gpu] : by_rank) {
        if (!gpu.empty()) gpus += (gpus.empty() ? "" : ",") + gpu;
    }
    return gpus;
}

trainer_wire::Start start_of(
    const proto::StartRanks& order,
    const RankKey& key,
    const SlotOptions& slot,
    const AgentOptions& options
) {
    trainer_wire::Start start;
    start.job = key.job;
    start.attempt = key.attempt;
    start.rank = key.rank;
    start.params_json = order.params_json();
    start.plan.global_batch = order.plan().global_batch();
    start.plan.group = order.plan().group();
    start.plan.micro_batch = order.plan().micro_batch();
    start.plan.world_size = order.plan().world_size();
    start.bn = order.bn();
    start.device = device_of(slot);
    start.threads = slot.threads;
    start.checkpoint_steps = order.checkpoint_steps();
    start.attempt_dir = order.attempt_dir();
    start.resume_from = order.resume_path();
    start.data_path = options.data_path;
    start.cache_dir = options.cache_dir;
    start.memory_limit_bytes = smaller_limit(slot.memory_limit_bytes, order.memory_limit_bytes());
    start.asked_micro_batch = order.asked_micro_batch();
    start.profiles_dir = options.profiles_dir;
    start.host = options.host;
    start.port_first = options.store_ports.first;
    start.port_last = options.store_ports.last;
    if (order.program_json().empty()) return start;
    start.program_json = order.program_json();
    start.resume_step = order.resume_step();
    start.grace_ms = options.grace.ns / milliseconds(1).ns;
    start.local_world_size = order.ranks_size();
    for (const proto::RankOnSlot& other : order.ranks()) {
        if (other.rank() < key.rank) ++start.local_rank;
    }
    start.gpus = gpus_of(order, options);
    return start;
}

}  // namespace

Slots::Slots(boost::asio::io_context& io, const AgentOptions& options, Slot::Ports ports)
    : io_(io), options_(options), ports_(std::move(ports)) {}

Slot::Options Slots::slot_options(std::size_t slot, const std::filesystem::path& trainer_records) {
    Slot::Options options;
    options.name = "slot " + std::to_string(slot);
    options.grace = options_.grace;
    options.trainer.program = options_.trainer;
    options.trainer.threads = options_.slots[slot].threads;
    options.trainer.environment = gpu_environment(options_.slots[slot]);
    options.trainer.log_file = options_.work_dir / ("warm-" + std::to_string(slot) + ".log");
    options.trainer.records_dir = trainer_records;
    options.launcher = options.trainer;
    options.launcher.program = options_.launcher.empty() ? "" : options_.launcher.front();
    if (!options_.launcher.empty())
        options.launcher.arguments.assign(
            std::next(options_.launcher.begin()), options_.launcher.end()
        );
    if (const std::string& gpu = options_.slots[slot].gpu; !gpu.empty()) {
        options.holds_device = [this, gpu](pid_t pid) { return gpu_memory_.is_held(gpu, {pid}); };
    }
    return options;
}

void Slots::open(const std::filesystem::path& trainer_records) {
    for (std::size_t i = 0; i < options_.slots.size(); ++i) {
        slots_.push_back(std::make_unique<Slot>(io_, slot_options(i, trainer_records), ports_));
    }
    for (const auto& slot : slots_) slot->warm();
}

// ---- orders

bool Slots::is_repeated(const RankKey& key) {
    Begun& begun = begun_[key.job];
    if (key.attempt < begun.attempt) return true;
    if (key.attempt > begun.attempt) begun = {key.attempt, {}};
    return !begun.ranks.insert(key.rank).second;
}

void Slots::carry_out(const proto::StartRanks& order) {
    for (const proto::RankOnSlot& where : order.ranks()) start_rank(order, where);
}

void Slots::start_rank(const proto::StartRanks& order, const proto::RankOnSlot& where) {
    const RankKey key{order.job(), order.attempt(), where.rank()};
    if (is_repeated(key)) return;
    if (ports_.on_ordered) ports_.on_ordered(order, where);
    if (where.slot() >= slots_.size()) {
        const std::string reason = "the agent has no slot " + std::to_string(where.slot());
        ports_.on_fact(ended_fact(key, Outcome::failed, reason, 0));
        return;
    }
    Slot& slot = *slots_[where.slot()];
    slot.start(start_of(order, key, options_.slots[where.slot()], options_), order.account_from());
}

template <class Order, class Act>
void Slots::for_attempt(const Order& order, Act act) {
    for (const auto& slot : slots_) {
        const auto key = slot->held();
        if (key && key->job == order.job() && key->attempt == order.attempt()) act(*slot);
    }
}

void Slots::carry_out(const proto::Rendezvous& order) {
    for_attempt(order, [&order](Slot& slot) { slot.rendezvous({order.host(), order.port()}); });
}

void Slots::carry_out(const proto::StopRanks& order) {
    const auto kind = static_cast<StopOrder>(order.kind());
    for_attempt(order, [kind](Slot& slot) { slot.stop(kind); });
}

void Slots::carry_out(const proto::ConfirmCheckpoint& order) {
    for_attempt(order, [&order](Slot& slot) { slot.confirm_checkpoint(order.step()); });
}

// ---- all of them

void Slots::abandon_all() {
    for (const auto& slot : slots_) slot->abandon();
}

void Slots::retire_all() {
    for (const auto& slot : slots_) slot->retire();
}

void Slots::close_all() {
    for (const auto& slot : slots_) slot->close();
}

void Slots::kill_all() {
    for (const auto& slot : slots_) slot->stop(StopOrder::kill);
}

void Slots::reap_all() {
    for (const auto& slot : slots_) slot->reap();
}

std::vector<RankKey> Slots::held() const {
    std::vector<RankKey> keys;
    for (const auto& slot : slots_) {
        if (const auto key = slot->held()) keys.push_back(*key);
    }
    return keys;
}

std::vector<AgentView::SlotView> Slots::view() const {
    std::vector<AgentView::SlotView> views;
    for (const auto& slot : slots_) views.push_back({!slot->is_free(), slot->is_warm()});
    return views;
}

bool Slots::all_are_free() const {
    return std::all_of(slots_.begin(), slots_.end(), [](const auto& slot) {
        return slot->is_free();
    });
}

bool Slots::all_have_begun_to_stop() const {
    return std::all_of(slots_.begin(), slots_.end(), [](const auto& slot) {
        return slot->has_begun_to_stop();
    });
}

bool Slots::all_processes_are_gone() const {
    return std::none_of(slots_.begin(), slots_.end(), [](const auto& slot) {
        return slot->has_process();
    });
}

}  // namespace bw::agent
