// Always-on assertion for bugs: a broken invariant ends the process; the journal replays after the
// restart. Never used for what a user, a file or a peer can cause; those are Result
// (base/result.h).
#pragma once

namespace bw {
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);
}

#define BW_ASSERT(condition, should_hold)                                          \
    do {                                                                           \
        if (!(condition)) ::bw::assertion_failed(should_hold, __FILE__, __LINE__); \
    } while (false)
