#include "sweeps/options.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "base/text.h"
#include "sweeps/search_options.h"
#include "sweeps/section.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 9> kOwnKeys = {
    "world_size",
    "seed",
    "device",
    "checkpoint_steps",
    "retries",
    "concurrency",
    "micro_batch",
    "memory_limit",
    "bn"};

// All of them, those of search_options.h included.
constexpr auto kKeys = [] {
    std::array<std::string_view, kOwnKeys.size() + kSearchKeys.size()> keys;
    std::copy(kOwnKeys.begin(), kOwnKeys.end(), keys.begin());
    std::copy(kSearchKeys.begin(), kSearchKeys.end(), keys.begin() + kOwnKeys.size());
    return keys;
}();
constexpr std::array<std::string_view, 3> kDevices = {"auto", "cpu", "cuda"};
constexpr std::array<std::string_view, 3> kPolicies = {"ghost", "micro_batch", "frozen"};

class Reader {
public:
    Reader(const Entry& entry, Problems& problems)
        : entry_(entry), problems_(problems), section_(entry, entry.key, problems) {}

    Options read() {
        Options options;
        if (entry_.value.map() == nullptr) {
            problems_.error(
                entry_.value.mark, entry_.key, "expected a map, found " + found_text(entry_.value)
            );
            return options;
        }
        section_.knows(kKeys);
        section_.integer("world_size", {1, kWorldSizeMax}, options.world_size);
        std::int64_t seed = 0;
        section_.integer("seed", {}, seed);
        options.seed = static_cast<std::uint64_t>(seed);
        section_.integer("checkpoint_steps", {0, kStepsMax}, options.checkpoint_steps);
        section_.integer("retries", {0, kRetriesMax}, options.retries);
        section_.integer("concurrency", {0, kConcurrencyMax}, options.concurrency);
        section_.integer("micro_batch", {0, kBatchMax}, options.micro_batch);
        read_memory_limit(options);
        read_device(options);
        read_bn(options);
        read_search_options(entry_, options, problems_);
        return options;
    }

private:
    void read_memory_limit(Options& options) {
        const Entry* entry = section_.find("memory_limit");
        if (entry == nullptr) return;
        const auto* number = std::get_if<std::int64_t>(&entry->value.data);
        const auto* text = entry->value.text();
        const Result<std::int64_t> bytes =
            number != nullptr ? Result<std::int64_t>(*number)
                              : parse_bytes(text != nullptr ? *text : std::string_view("none"));
        if (bytes && *bytes > 0) {
            options.memory_limit_bytes = *bytes;
            return;
        }
        section_.error(*entry, "expected a size such as 8GiB, found " + found_text(entry->value));
    }

    void read_device(Options& options) {
        const Entry* entry = section_.find("device");
        if (entry == nullptr) return;
        const auto* text = entry->value.text();
        if (text != nullptr &&
            std::find(kDevices.begin(), kDevices.end(), *text) != kDevices.end()) {
            options.device = *text;
            return;
        }
        std::string hint = text == nullptr ? "" : did_you_mean(*text, kDevices);
        if (text != nullptr && (*text == "gpu" || *text == "nvidia"))
            hint = "; did you mean \"cuda\"?";
        section_.error(
            *entry, "expected auto, cpu or cuda, found " + found_text(entry->value) + hint
        );
    }

    void read_bn(Options& options) {
        const Entry* entry = section_.find("bn");
        if (entry == nullptr) return;
        const auto* text = entry->value.text();
        if (text != nullptr && parse_bn(*text, options)) return;
        const std::string hint = text == nullptr ? "" : did_you_mean(*text, kPolicies);
        section_.error(
            *entry,
            "expected ghost, ghost(32), micro_batch or frozen, found " + found_text(entry->value) +
                hint
        );
    }

    const Entry& entry_;
    Problems& problems_;
    Section section_;
};

}  // namespace

bool parse_bn(std::string_view text, Options& options) {
    options.bn_group = 0;
    if (text == "ghost" || text == "micro_batch" || text == "frozen") {
        options.bn = text == "ghost"    ? BatchNormPolicy::ghost
                     : text == "frozen" ? BatchNormPolicy::frozen
                                        : BatchNormPolicy::micro_batch;
        return true;
    }
    if (!text.starts_with("ghost(") || !text.ends_with(")")) return false;
    const std::string_view digits = text.substr(6, text.size() - 7);
    std::int64_t group = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), group);
    if (code != std::errc{} || end != digits.data() + digits.size()) return false;
    if (group < 1 || group > kBatchMax) return false;
    options.bn = BatchNormPolicy::ghost;
    options.bn_group = group;
    return true;
}

Options read_options(const Entry& entry, Problems& problems) {
    return Reader(entry, problems).read();
}

}  // namespace bw::sweeps
