// What describes one exported metric: its type, unit, labels and who serves it. The rows stand in
// metrics/table.h. Values only; safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace bw::metrics {

inline constexpr std::string_view kPrefix = "batchwright_";

/// Of one process. A scrape is rendered on the process's one loop, which stands still meanwhile: 50
/// ms of processor time for this many.
inline constexpr std::size_t kSeriesMax = 20'000;

enum class Type : std::uint8_t { counter, gauge, histogram };

/// Base units only, as Prometheus wants them; the unit ends the name, before `_total`.
enum class Unit : std::uint8_t { none, seconds, bytes, samples, info };

/// Who serves it: everything that an agent serves carries the label `agent` besides its own ones.
enum class Origin : std::uint8_t { coordinator, agent, both };

enum class Label : std::uint8_t {
    sweep,
    point,
    job,
    attempt,
    rank,
    agent,
    slot,
    model,
    device,
    state,
    outcome,
    cause,
    phase,
    set,
    method,
    route,
    status,
    version,
    commit,
};

/// The label's meaning; of closed ones the values too.
struct LabelInfo {
    Label label;
    std::string_view name;
    std::string_view meaning;
};

/// At most kMax labels, in the order in which a call gives their values.
class Labels {
public:
    static constexpr std::size_t kMax = 8;

    constexpr Labels() = default;

    constexpr Labels(std::initializer_list<Label> labels) {
        for (const Label label : labels) labels_.at(size_++) = label;
    }

    /// These and some more.
    [[nodiscard]] constexpr Labels plus(std::initializer_list<Label> more) const {
        Labels all = *this;
        for (const Label label : more) all.labels_.at(all.size_++) = label;
        return all;
    }

    [[nodiscard]] constexpr std::size_t size() const { return size_; }

    [[nodiscard]] constexpr std::span<const Label> all() const { return {labels_.data(), size_}; }

private:
    std::array<Label, kMax> labels_{};
    std::size_t size_ = 0;
};

struct Metric {
    std::string_view name;  // without kPrefix
    Type type = Type::gauge;
    Unit unit = Unit::none;
    Origin origin = Origin::coordinator;
    Labels labels;
    std::string_view help;
    std::span<const double> buckets = {};  // upper bounds, of histograms
};

std::string_view name_of(Type type);
std::string_view name_of(Label label);
std::span<const LabelInfo> all_labels();

}  // namespace bw::metrics
