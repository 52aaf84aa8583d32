#include "worker/trainer/collective.h"

#include <chrono>
#include <utility>
#include <vector>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "worker/trainer/torch_error.h"

namespace bw::trainer {
namespace {

constexpr std::chrono::milliseconds kRendezvousTimeout = std::chrono::minutes(1);
// A peer that dies is noticed at once; this is for one that hangs, or that evaluates on a slow
// device.
constexpr std::chrono::milliseconds kCollectiveTimeout = std::chrono::minutes(10);
constexpr const char* kLoopback = "127.0.0.1";

class SoloCollective final : public Collective {
public:
    [[nodiscard]] int world_size() const override { return 1; }

    void launch_sum(torch::Tensor&) override {}

    Result<void> wait() override { return {}; }
};

class GlooCollective final : public Collective {
public:
    explicit GlooCollective(c10::intrusive_ptr<c10d::ProcessGroupGloo> group)
        : group_(std::move(group)) {}

    [[nodiscard]] int world_size() const override { return group_->getSize(); }

    void launch_sum(torch::Tensor& flat) override {
        try {
            std::vector<torch::Tensor> one{flat};
            pending_.push_back(group_->allreduce(one));
        } catch (const std::exception& error) {
            if (failure_.empty()) failure_ = error_text(error);
        }
    }

    Result<void> wait() override {
        for (const auto& work : std::exchange(pending_, {})) {
            try {
                work->wait();
            } catch (const std::exception& error) {
                if (failure_.empty()) failure_ = error_text(error);
            }
        }
        if (failure_.empty()) return {};
        return fail(Errc::peer_gone, "another rank is gone: " + failure_);
    }

private:
    c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
    std::vector<c10::intrusive_ptr<c10d::Work>> pending_;
    std::string failure_;
};

}  // namespace

struct RendezvousStore::Impl {
    c10::intrusive_ptr<c10d::TCPStore> store;
};

std::unique_ptr<Collective> make_solo_collective() { return std::make_unique<SoloCollective>(); }

RendezvousStore::RendezvousStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RendezvousStore::RendezvousStore(RendezvousStore&&) noexcept = default;
RendezvousStore::~RendezvousStore() = default;

int RendezvousStore::port() const { return impl_->store->getPort(); }

c10::intrusive_ptr<c10d::Store> RendezvousStore::shared() const { return impl_->store; }

Result<RendezvousStore> RendezvousStore::open(const std::string& host, StorePorts ports) {
    c10d::TCPStoreOptions options;
    options.isServer = true;
    options.waitWorkers = false;
    options.timeout = kRendezvousTimeout;
    std::string problem;
    for (int port = ports.first; port <= ports.last; ++port) {
        options.port = static_cast<std::uint16_t>(port);
        try {
            return RendezvousStore(std::make_unique<Impl>(Impl{
                c10::make_intrusive<c10d::TCPStore>(host.empty() ? kLoopback : host, options)}));
        } catch (const std::exception& error) {
            problem = error_text(error);
        }
    }
    const std::string where = ports.first == 0
                                  ? ""
                                  : ", on no port from " + std::to_string(ports.first) + " to " +
                                        std::to_string(ports.last);
    return fail(
        ports.first == 0 ? Errc::io : Errc::in_use,
        "the rendezvous store cannot be opened on " + host + where + ": " + problem
    );
}

Result<RendezvousStore> RendezvousStore::join(const std::string& host, int port) {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(port);
    options.waitWorkers = false;
    options.timeout = kRendezvousTimeout;
    try {
        return RendezvousStore(std::make_unique<Impl>(Impl{
            c10::make_intrusive<c10d::TCPStore>(host, options)}));
    } catch (const std::exception& error) {
        return fail(
            Errc::peer_gone,
            "rank 0's store at " + host + ":" + std::to_string(port) +
                " is not reachable: " + error_text(error)
        );
    }
}

Result<std::unique_ptr<Collective>> RendezvousStore::connect(const GroupOptions& options) const {
    try {
        auto group = c10d::ProcessGroupGloo::Options::create(kRendezvousTimeout);
        group->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(
            options.host.empty() ? kLoopback : options.host
        ));
        auto store = c10::make_intrusive<c10d::PrefixStore>(options.prefix, impl_->store);
        auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(
            store, options.rank, options.world_size, group
        );
        gloo->setTimeout(kCollectiveTimeout);
        return std::unique_ptr<Collective>(std::make_unique<GlooCollective>(std::move(gloo)));
    } catch (const std::exception& error) {
        return fail(Errc::peer_gone, "the ranks cannot be connected: " + error_text(error));
    }
}

}  // namespace bw::trainer
