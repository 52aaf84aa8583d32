// All slots of the agent, and the orders that concern them. Orders may be repeated after a
// reconnect or a restart of the coordinator; what was begun once is not begun again. Loop thread
// only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <frames.pb.h>

#include "worker/agent/agent.h"
#include "worker/agent/gpu_slots.h"
#include "worker/agent/meter.h"
#include "worker/agent/slot.h"

namespace bw::agent {

class Slots {
public:
    /// `options` must outlive this.
    Slots(boost::asio::io_context& io, const AgentOptions& options, Slot::Ports ports);

    /// Makes the slots and warms their trainers.
    void open(const std::filesystem::path& trainer_records);

    void carry_out(const proto::StartRanks& order);
    void carry_out(const proto::Rendezvous& order);
    void carry_out(const proto::StopRanks& order);
    void carry_out(const proto::ConfirmCheckpoint& order);

    void abandon_all();
    void retire_all();
    void close_all();
    void kill_all();
    void reap_all();

    [[nodiscard]] std::vector<RankKey> held() const;
    [[nodiscard]] std::vector<AgentView::SlotView> view() const;
    [[nodiscard]] bool all_are_free() const;
    [[nodiscard]] bool all_have_begun_to_stop() const;
    [[nodiscard]] bool all_processes_are_gone() const;

private:
    struct Begun {
        std::uint32_t attempt = 0;
        std::set<int> ranks;
    };

    bool is_repeated(const RankKey& key);
    [[nodiscard]] Slot::Options slot_options(
        std::size_t slot, const std::filesystem::path& trainer_records
    );
    void start_rank(const proto::StartRanks& order, const proto::RankOnSlot& where);
    template <class Order, class Act>
    void for_attempt(const Order& order, Act act);

    boost::asio::io_context& io_;
    const AgentOptions& options_;
    Slot::Ports ports_;
    GpuMemory gpu_memory_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::map<std::uint64_t, Begun> begun_;  // the newest attempt of each job
};

}  // namespace bw::agent
