// What a training's steps take of its device's memory, found out on one rank: two probes of small
// micro-batches, and where a step then runs other kernels, one more beside its own size. Profiles
// are kept in a folder that all jobs share.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "plan/profile.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

/// Not thread-safe; `training` outlives it.
class Profiler {
public:
    explicit Profiler(Training& training) : training_(training) {}

    /// What is kept of this very network. Errors: Errc::not_found, Errc::version_mismatch,
    /// Errc::corrupt.
    [[nodiscard]] Result<plan::Profile> known() const;

    /// From probes of 4 and 8 samples, of less where those do not fit; of 12 besides where these
    /// run different kernels. Errors: Errc::refused with the arithmetic (one sample does not fit).
    Result<plan::Profile> traced();

    /// What a micro-batch takes whose kernels the profile does not know yet, from it and one probe
    /// beside its size, two at most. Errors: Errc::unsupported, Errc::out_of_memory.
    Result<void> learn_kernels(plan::Profile& profile, const plan::Observation& micro_batch);

    /// In the folder, beside what others have put there meanwhile. A failure is said and no error:
    /// the next job probes again.
    void keep(const plan::Profile& profile) const;

    [[nodiscard]] std::int64_t probe_steps() const { return probe_steps_; }

    [[nodiscard]] std::int64_t probe_ooms() const { return probe_ooms_; }

private:
    Result<plan::MemoryTrace> probe_once(std::int64_t samples, double& seconds);
    [[nodiscard]] plan::Profile bare_profile() const;
    void learn_above(plan::Profile& profile, const plan::MemoryTrace& large);

    Training& training_;
    std::int64_t probe_steps_ = 0, probe_ooms_ = 0;
};

}  // namespace bw::trainer
