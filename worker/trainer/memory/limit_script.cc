#include "worker/trainer/memory/limit_script.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace bw::trainer {

LimitScript::LimitScript(int rank) {
    const char* variable = std::getenv("BATCHWRIGHT_LIMITS");
    std::string rest = variable == nullptr ? "" : variable;
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        const std::string one = rest.substr(0, comma);
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
        int whose = 0;
        long long step = 0, bytes = 0;
        if (std::sscanf(one.c_str(), "%d@%lld=%lld", &whose, &step, &bytes) == 3 && whose == rank)
            bytes_by_step_[step] = bytes;
    }
}

std::optional<std::int64_t> LimitScript::at(std::int64_t step) const {
    const auto found = bytes_by_step_.find(step);
    return found == bytes_by_step_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace bw::trainer
