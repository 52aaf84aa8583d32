#include "coordinator/api/reads.h"

#include <algorithm>

#include "base/text.h"

namespace bw::api {

Result<Page> page_of(const Call& call) {
    const auto limit = number_of(call, "limit", kRowsDefault, kRowsMax);
    if (!limit) return limit.error();
    const auto offset = number_of(call, "offset", 0, std::uint64_t{1} << 53);
    if (!offset) return offset.error();
    return Page{*limit, *offset};
}

Result<std::string> choice_of(
    const Call& call, const std::string& key, const std::vector<std::string_view>& known
) {
    const auto found = call.query.find(key);
    if (found == call.query.end()) return std::string();
    if (std::ranges::find(known, found->second) != known.end()) return found->second;
    std::string names;
    for (const std::string_view name : known)
        names += (names.empty() ? "" : ", ") + std::string(name);
    return fail(
        Errc::invalid_input,
        key + ": expected one of " + names + ", found " + bw::quoted(found->second) +
            did_you_mean(found->second, known)
    );
}

}  // namespace bw::api
