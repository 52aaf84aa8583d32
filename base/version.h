// What this build is. The build id is compared in the hello between agent and coordinator.
#pragma once

#include <string_view>

namespace bw {

inline constexpr int kWireProtocolVersion = 1;
inline constexpr int kJournalVersion = 1;

std::string_view version();  // "0.1.0"
std::string_view commit(
);  // git commit, "-dirty" when the tree had changes; "unknown" outside a checkout

}  // namespace bw
