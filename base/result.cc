#include "base/result.h"

#include "base/assert.h"

namespace bw {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    assertion_failed(
        ("an unchecked Result held the error: " + error.message).c_str(),
        where.file_name(),
        static_cast<int>(where.line())
    );
}

}  // namespace bw
