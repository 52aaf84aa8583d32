// What LibTorch's exceptions say, in one line.
#pragma once

#include <exception>
#include <string>

namespace bw::trainer {

/// Without the backtrace, cut after the first line.
std::string error_text(const std::exception& error);

/// A device, or the host, could not hold an allocation, in any of the forms in which LibTorch says
/// so.
bool is_out_of_memory(const std::exception& error);

}  // namespace bw::trainer
