// What is known of a model on a kind of device: memory and time of a step for any micro-batch. Kept
// durably and shared by all jobs that have its key. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/memory_model.h"
#include "plan/search.h"
#include "plan/time_model.h"

namespace bw::plan {

/// What memory and time of a step depend on, beside m: what a profile is looked up by.
struct ProfileSubject {
    std::string model;
    int classes = 10, channels = 3, height = 0, width = 0;
    std::string precision = "fp32";
    std::string memory_format = "contiguous";
    std::string optimizer;   // with what changes its allocations: "sgd+momentum+decay"
    std::string bn;          // "" for a network without BatchNorm
    std::string device;      // "cpu", or a GPU's name
    int threads = 1;         // kernels depend on it
    std::string torch;       // its version
    bool recompute = false;  // whether activations are computed again in backward
};

/// Of a job's parameters, what changes a step's allocations beside the network; 0: off.
struct UpdateFacts {
    std::string_view kind;  // "sgd", "adam"
    double momentum = 0, weight_decay = 0;
    bool nesterov = false;
    double clip_norm = 0, label_smoothing = 0;
    double sam_rho = 0;
    bool sam_adaptive = false;
};

/// "sgd+momentum+decay"
std::string optimizer_text(const UpdateFacts& facts);

/// SHA-256 of the subject; a file name.
std::string profile_key(const ProfileSubject& subject);

/// A step that ran under a plan and was traced.
struct Confirmation {
    std::int64_t samples = 0, groups = 0, peak_bytes = 0;
    friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

struct Profile {
    std::string key;      // of the model, the job's options and the device (profile_key)
    std::string network;  // SHA-256 of the parameters' and buffers' names, shapes and types
    int recompute = 0;    // segments whose activations are computed again; 0: all are kept
    std::int64_t static_bytes = 0;  // weights, gradients, optimizer state, buffers
    MemoryModel peak;
    TimeModel time;
    std::vector<Confirmation> confirmed;
    friend bool operator==(const Profile&, const Profile&) = default;
};

/// Notes that a step ran under a plan; once for each size.
void note_confirmed(Profile& profile, const Confirmation& confirmation);

/// What both say of one network, the newer one where they differ. Of another network the newer one.
Profile merged(const Profile& known, Profile newer);

/// As the search wants it.
Variant variant_of(const Profile& profile);

/// A text of lines, at most a few kilobytes; doubles round-trip.
std::string to_text(const Profile& profile);

/// Errors: Errc::version_mismatch, Errc::corrupt.
Result<Profile> parse_profile(std::string_view text);

}  // namespace bw::plan
