// Result<T>: the value, or an Error that names the cause. For everything that can be expected to
// fail. `if (!r) return r.error();` passes an error on; exceptions of libraries stop at the file
// that calls the library.
#pragma once

#include <string>
#include <utility>

#include <boost/system/result.hpp>

namespace bw {

/// One code per cause that a caller may want to tell apart. Numbers go over the wire: append only.
enum class Errc : int {
    success = 0,
    unknown = 1,
    invalid_input = 2,  // a file or an argument is wrong; the message says where and the remedy
    not_found = 3,
    already_exists = 4,
    in_use = 5,  // another process holds it
    io = 6,
    corrupt = 7,  // a checksum or a format does not hold
    out_of_memory = 8,
    timed_out = 9,
    peer_gone = 10,
    refused = 11,
    version_mismatch = 12,
    not_finite = 13,  // NaN or infinite loss
    unsupported = 14,
    cancelled = 15,
};

/// Text is lower case, without a final period: subject first, values quoted, then the remedy.
struct Error {
    Errc code = Errc::unknown;
    std::string message;
};

[[noreturn]] void throw_exception_from_error(
    const Error& error, const boost::source_location& where
);

template <class T>
using Result = boost::system::result<T, Error>;

inline Error fail(Errc code, std::string message) { return Error{code, std::move(message)}; }

}  // namespace bw
