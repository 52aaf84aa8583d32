// Ranks on different hosts read their own copies of a data set. Before the first step they compare
// them: ranks that train on different data would give a model that nothing can reproduce.
#pragma once

#include <string>

#include "base/result.h"
#include "worker/trainer/collective.h"

namespace bw::trainer {

/// "gpu17 (10.0.0.17)", for messages.
std::string name_of_host(const std::string& address);

/// Collective; every rank gets the same answer. Errors: refused (two ranks' hosts and
/// fingerprints are named), peer_gone.
Result<void> check_same_data(
    Collective& collective, int rank, const std::string& address, const std::string& fingerprint
);

/// Whether every rank ended with rank 0's weights (their SHA-256 as given); a line on stderr, and
/// so in the attempt's log, says which. No error where they differ: hosts of different kinds may
/// round differently, and the result is rank 0's. Collective. Errors: Errc::peer_gone.
Result<void> compare_weights(Collective& collective, int rank, const std::string& sha256);

}  // namespace bw::trainer
