// A port for the store that rank 0 of a program opens by itself. It is kept from others: bound by a
// socket that does not listen, which lets the program's own listen there (both say SO_REUSEADDR, as
// every server does).
#pragma once

#include "base/result.h"

namespace bw::program {

class MeetingPort {
public:
    /// A free one of [first, last]; 0, 0: any. Errors: in_use, io.
    static Result<MeetingPort> reserve(int first, int last);

    MeetingPort(MeetingPort&& other) noexcept;
    MeetingPort& operator=(MeetingPort&&) = delete;
    MeetingPort(const MeetingPort&) = delete;
    ~MeetingPort();

    [[nodiscard]] int number() const { return number_; }

private:
    MeetingPort(int descriptor, int number) : descriptor_(descriptor), number_(number) {}

    int descriptor_;
    int number_;
};

}  // namespace bw::program
