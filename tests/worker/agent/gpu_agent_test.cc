// An agent on a host with two GPUs of one model, as a driver (played by fake_nvml) tells them: the
// core places a gang on both, and each rank's trainer is told which is its own.
#include <algorithm>
#include <string>
#include <vector>

#include "agent_fixture.h"

#include "worker/cuda/nvml/nvml.h"

namespace bw::agent {
namespace {

class GpuAgent : public World {
protected:
    void SetUp() override {
        World::SetUp();
        open_coordinator();
        AgentSettings settings;
        settings.device = "cuda";
        settings.environment = {
            std::string(nvml::kLibraryVariable) + "=" + BW_FAKE_NVML,
            "FAKE_TRAINER_BEHAVES=tell variables",
            "NCCL_DEBUG=WARN",
            "NCCL_IB_HCA==mlx5_0:1"};
        start_agent(settings);
        wait_for_agent();
    }
};

TEST_F(GpuAgent, TellsItsSlots) {
    const auto& slots = state_.agents.begin()->second.slots;
    ASSERT_EQ(slots.size(), 2u);
    for (const auto& slot : slots) EXPECT_EQ(slot.kind, "NVIDIA H100");
}

TEST_F(GpuAgent, AGangOfTwoHoldsBothGpusAndNcclsVariablesPassThrough) {
    submit_input(core::SubmitSweep{
        "test.yaml",
        "method: grid\nparameters:\n  model: {value: cnn}\n  dataset: {value: fashion_mnist}\n"
        "  num_epochs: {value: 1}\n  batch_size: {value: 64}\n  learning_rate: {value: 0.1}\n"
        "batchwright: {world_size: 2}\n",
        false});
    run_until([this] { return !state_.sweeps.empty() && state_.sweeps.begin()->second.ended; });
    const core::JobRecord& job = state_.jobs.begin()->second;
    ASSERT_EQ(job.state, core::JobState::finished) << job.reason;
    std::vector<std::string> told;
    for (const char* log : {"rank0.log", "rank1.log"})
        told.push_back(read(attempt_dir(job.id.value) / log));
    std::ranges::sort(told);
    const std::string rest = "NCCL_DEBUG=WARN\nNCCL_IB_HCA==mlx5_0:1\n";
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string gpu = i == 0 ? "GPU-aa11-5eed" : "GPU-bb22-5eed";
        EXPECT_EQ(
            told[i],
            "BATCHWRIGHT_DEVICE=cuda:" + gpu + "\nCUDA_VISIBLE_DEVICES=" + gpu + "\n" + rest
        );
    }
}

}  // namespace
}  // namespace bw::agent
