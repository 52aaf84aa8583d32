// What ranks tell one another beside gradients: a few numbers, a text of rank 0. Over the same sums
// as everything else; in the host's memory.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "worker/trainer/collective.h"

namespace bw::trainer {

/// Each rank's numbers are added to the others'. Collective. Errors: Errc::peer_gone.
Result<void> share_numbers(Collective& collective, std::vector<double>& numbers);

/// Rank 0's text, or its error, on every rank; what other ranks pass is ignored. Collective.
/// Errors: rank 0's, or Errc::peer_gone.
Result<std::string> share_text(Collective& collective, int rank, const Result<std::string>& mine);

}  // namespace bw::trainer
