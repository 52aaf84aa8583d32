// Enumerators from the numbers that stand in a journal or a frame.
#include <string>

#include "coordinator/journal/event_codec.h"

namespace bw::codec {
namespace {

Error unknown_number(const char* what, int number) {
    return fail(
        Errc::corrupt,
        std::string(what) + " " + std::to_string(number) +
            ": unknown to this release (written by a newer one?)"
    );
}

}  // namespace

Result<core::RankOutcome> rank_outcome_of(int number) {
    const auto outcome = static_cast<core::RankOutcome>(number);
    switch (outcome) {
        case core::RankOutcome::finished:
        case core::RankOutcome::stopped:
        case core::RankOutcome::failed:
        case core::RankOutcome::died:
        case core::RankOutcome::lost:
        case core::RankOutcome::refused:
            return outcome;
    }
    return unknown_number("rank outcome", number);
}

Result<core::StopKind> stop_kind_of(int number) {
    const auto kind = static_cast<core::StopKind>(number);
    switch (kind) {
        case core::StopKind::preempt:
        case core::StopKind::cancel:
        case core::StopKind::kill:
            return kind;
    }
    return unknown_number("stop kind", number);
}

Result<core::AfterStop> after_stop_of(int number) {
    const auto after = static_cast<core::AfterStop>(number);
    switch (after) {
        case core::AfterStop::as_it_ended:
        case core::AfterStop::requeue:
        case core::AfterStop::pause:
        case core::AfterStop::cancel:
        case core::AfterStop::stop:
        case core::AfterStop::hold:
            return after;
    }
    return unknown_number("what follows a stop", number);
}

Result<core::JobState> job_state_of(int number) {
    const auto state = static_cast<core::JobState>(number);
    switch (state) {
        case core::JobState::queued:
        case core::JobState::starting:
        case core::JobState::running:
        case core::JobState::preempting:
        case core::JobState::paused:
        case core::JobState::waiting_retry:
        case core::JobState::finished:
        case core::JobState::failed:
        case core::JobState::cancelled:
        case core::JobState::stopped:
        case core::JobState::refused:
            return state;
    }
    return unknown_number("job state", number);
}

}  // namespace bw::codec
