// JSON as the API sends it. Reasons and names may hold bytes that are no UTF-8 (a file name, a
// library's message): they are replaced, because dump() would throw, and an exception on the loop
// ends the coordinator.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bw::http {

inline std::string to_text(const nlohmann::json& body) {
    return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace bw::http
