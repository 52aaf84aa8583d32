#include "worker/trainer/torch_error.h"

#include <algorithm>
#include <new>

#include <c10/util/Exception.h>

namespace bw::trainer {

std::string error_text(const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    std::string text =
        torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
    // Gloo puts a path of its build in front, and advice behind.
    if (text.starts_with("[/") && text.find("] ") != std::string::npos)
        text.erase(0, text.find("] ") + 2);
    text.resize(std::min({text.size(), text.find('\n'), text.find(". This is typically")}));
    return text;
}

bool is_out_of_memory(const std::exception& error) {
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
    const std::string text = error_text(error);
    return text.find("out of memory") != std::string::npos ||
           text.find("can't allocate memory") != std::string::npos;
}

}  // namespace bw::trainer
