// The part of apply() that keeps the books of jobs and attempts. Private to coordinator/core.
#pragma once

#include "coordinator/core/event.h"
#include "coordinator/core/state.h"

namespace bw::core {

void apply_event(State& state, const AttemptPlaced& event);
void apply_event(State& state, const StoreOpened& event);
void apply_event(State& state, const AttemptRunning& event);
void apply_event(State& state, const CheckpointAccepted& event);
void apply_event(State& state, const EpochMeasured& event);
void apply_event(State& state, const RankEnded& event);
void apply_event(State& state, const AttemptStopping& event);
void apply_event(State& state, const JobRequeued& event);
void apply_event(State& state, const JobEnded& event);
void apply_event(State& state, const JobPaused& event);
void apply_event(State& state, const JobResumed& event);
void apply_event(State& state, const JobHeld& event);
void apply_event(State& state, const JobPromoted& event);
void apply_event(State& state, const JobWorldSizeSet& event);
void apply_event(State& state, const JobReopened& event);

}  // namespace bw::core
