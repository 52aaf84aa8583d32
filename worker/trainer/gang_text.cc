#include "worker/trainer/gang_text.h"

#include <algorithm>

#include "worker/trainer/memory/capped_allocator.h"

namespace bw::trainer {

Result<void> share_numbers(Collective& collective, std::vector<double>& numbers) {
    const HostMemoryScope host;
    auto flat = torch::from_blob(
        numbers.data(), {static_cast<std::int64_t>(numbers.size())}, torch::kDouble
    );
    collective.launch_sum(flat);
    return collective.wait();
}

Result<std::string> share_text(Collective& collective, int rank, const Result<std::string>& mine) {
    const bool speaks = rank == 0;
    std::vector<double> head(2, 0.0);  // bytes, and the error's code
    std::string text;
    if (speaks) {
        text = mine ? *mine : mine.error().message;
        head = {
            static_cast<double>(text.size()), mine ? 0.0 : static_cast<double>(mine.error().code)};
    }
    if (auto shared = share_numbers(collective, head); !shared) return shared.error();
    if (head[0] == 0 && head[1] == 0) return std::string();
    std::vector<double> bytes(static_cast<std::size_t>(head[0]), 0.0);
    for (std::size_t i = 0; i < text.size(); ++i)
        bytes[i] = static_cast<double>(static_cast<unsigned char>(text[i]));
    if (auto shared = share_numbers(collective, bytes); !shared) return shared.error();
    text.clear();
    for (const double byte : bytes) text += static_cast<char>(static_cast<unsigned char>(byte));
    if (head[1] != 0) return fail(static_cast<Errc>(static_cast<int>(head[1])), text);
    return text;
}

}  // namespace bw::trainer
