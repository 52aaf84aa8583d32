// By what the profile of a training's steps is looked up, and whether it is of this very network.
#pragma once

#include <string>

#include "plan/profile.h"
#include "worker/trainer/training.h"

namespace bw::trainer {

plan::ProfileSubject subject_of(const Training& training);

/// SHA-256 of names, shapes and types of weights and running statistics.
std::string network_digest(const models::Network& network);

}  // namespace bw::trainer
