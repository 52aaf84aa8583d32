// For tests: a limit that changes while a job runs, as when somebody else takes memory of a shared
// device and gives it back. BATCHWRIGHT_LIMITS="RANK@STEP=BYTES,...": before that step of an
// attempt, counted over all epochs. No torch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace bw::trainer {

class LimitScript {
public:
    /// From the environment, for one rank; what cannot be read is left out.
    explicit LimitScript(int rank);

    /// The rank's limit from this step on; nothing: as before.
    [[nodiscard]] std::optional<std::int64_t> at(std::int64_t step) const;

private:
    std::map<std::int64_t, std::int64_t> bytes_by_step_;
};

}  // namespace bw::trainer
