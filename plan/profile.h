// What is known of a model on a kind of device: memory and time of a step for any micro-batch. Kept
// durably and shared by all jobs that have its key. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/peak_model.h"
#include "plan/time_model.h"

namespace bw::plan {

/// A step that ran under a plan and was traced.
struct Confirmation {
    std::int64_t samples = 0, groups = 0, peak_bytes = 0;
    friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

struct Profile {
    std::string key;       // of the model, the job's options and the device (profile_key)
    std::string network;   // SHA-256 of the parameters' and buffers' names, shapes and types
    std::string sequence;  // sequence_digest of the traces; empty: kernels change with m
    std::int64_t static_bytes = 0;  // weights, gradients, optimizer state, buffers
    PeakModel peak;
    TimeModel time;
    std::vector<Confirmation> confirmed;
    friend bool operator==(const Profile&, const Profile&) = default;
};

/// A text of lines, at most a few kilobytes; doubles round-trip.
std::string to_text(const Profile& profile);

/// Errors: Errc::version_mismatch, Errc::corrupt.
Result<Profile> parse_profile(std::string_view text);

}  // namespace bw::plan
