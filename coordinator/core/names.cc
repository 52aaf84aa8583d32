#include "coordinator/core/event.h"

namespace bw::core {

const char* name_of(JobState state) {
    switch (state) {
        case JobState::queued:
            return "queued";
        case JobState::starting:
            return "starting";
        case JobState::running:
            return "running";
        case JobState::preempting:
            return "preempting";
        case JobState::paused:
            return "paused";
        case JobState::waiting_retry:
            return "waiting_retry";
        case JobState::finished:
            return "finished";
        case JobState::failed:
            return "failed";
        case JobState::cancelled:
            return "cancelled";
        case JobState::stopped:
            return "stopped";
        case JobState::refused:
            return "refused";
    }
    return "unknown";
}

const char* name_of(RankOutcome outcome) {
    switch (outcome) {
        case RankOutcome::finished:
            return "finished";
        case RankOutcome::stopped:
            return "stopped";
        case RankOutcome::failed:
            return "failed";
        case RankOutcome::died:
            return "died";
        case RankOutcome::lost:
            return "lost";
        case RankOutcome::refused:
            return "refused";
    }
    return "unknown";
}

const char* name_of(StopKind kind) {
    switch (kind) {
        case StopKind::preempt:
            return "preempt";
        case StopKind::cancel:
            return "cancel";
        case StopKind::kill:
            return "kill";
    }
    return "unknown";
}

const char* name_of(AfterStop after) {
    switch (after) {
        case AfterStop::as_it_ended:
            return "as_it_ended";
        case AfterStop::requeue:
            return "requeue";
        case AfterStop::pause:
            return "pause";
        case AfterStop::cancel:
            return "cancel";
        case AfterStop::stop:
            return "stop";
        case AfterStop::hold:
            return "hold";
    }
    return "unknown";
}

bool is_terminal(JobState state) {
    switch (state) {
        case JobState::queued:
        case JobState::starting:
        case JobState::running:
        case JobState::preempting:
        case JobState::paused:
        case JobState::waiting_retry:
            return false;
        case JobState::finished:
        case JobState::failed:
        case JobState::cancelled:
        case JobState::stopped:
        case JobState::refused:
            return true;
    }
    return true;
}

bool is_unsuccessful(JobState state) {
    return state == JobState::failed || state == JobState::refused || state == JobState::cancelled;
}

}  // namespace bw::core
