// What this build is. The build id is compared in the hello between agent and coordinator.
#pragma once

#include <string_view>

namespace bw {

inline constexpr int kWireProtocolVersion = 2;
inline constexpr int kJournalVersion = 4;

/// "0.1.0"
std::string_view version();

/// The git commit, "-dirty" when the tree had changes; "unknown" outside a checkout.
std::string_view commit();

/// Of the LibTorch that the trainer is built with: "2.15.0"; "none" without.
std::string_view torch_version();

}  // namespace bw
