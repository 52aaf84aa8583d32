#include "plan/profile.h"

#include <algorithm>
#include <utility>

#include "base/number.h"
#include "base/sha256.h"

namespace bw::plan {
namespace {

constexpr std::string_view kFormat = "batchwright-profile-2";
constexpr std::string_view kFormatBefore = "batchwright-profile-1";  // had one regime, not named
constexpr std::int64_t kProbeSmall = 4, kProbeLarge = 8;  // whose sizes were these, at least
constexpr std::string_view kNoSequence = "-";

void put(std::string& out, double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    out.append(" ").append(text, end.ptr);
}

void put(std::string& out, std::int64_t value) { out += " " + std::to_string(value); }

template <class... Values>
void line(std::string& out, std::string_view name, const Values&... values) {
    out += name;
    (put(out, values), ...);
    out += '\n';
}

/// The fields of one line, in order; remembers that one was missing.
class Fields {
public:
    explicit Fields(std::string_view line) : rest_(line) { name_ = next(); }

    [[nodiscard]] std::string_view name() const { return name_; }

    [[nodiscard]] bool ok() const { return ok_; }

    template <class T>
    T number() {
        const auto value = parse_number<T>(next());
        ok_ = ok_ && value;
        return value.value_or(T{});
    }

    std::int64_t integer() { return number<std::int64_t>(); }

    double real() { return number<double>(); }

    std::string text() { return std::string(next()); }

private:
    std::string_view next() {
        const std::size_t space = rest_.find(' ');
        const std::string_view word = rest_.substr(0, space);
        rest_ = space == std::string_view::npos ? std::string_view() : rest_.substr(space + 1);
        return word;
    }

    std::string_view rest_, name_;
    bool ok_ = true;
};

void put_regime(std::string& out, const Regime& regime) {
    out += "regime";
    put(out, regime.smallest);
    put(out, regime.largest);
    out += " " + (regime.sequence.empty() ? std::string(kNoSequence) : regime.sequence) + "\n";
    if (regime.peak.exactness() == Exactness::by_phase) out += "by_phase\n";
    for (const Plane& plane : regime.peak.planes())
        line(out, "plane", plane.fixed, plane.per_sample, plane.per_group);
}

TimeModel read_times(Fields& fields) {
    TimeModel time;
    time.per_micro_batch = fields.real();
    time.per_sample = fields.real();
    time.update = fields.real();
    time.reduced_bytes = fields.real();
    time.bandwidth = fields.real();
    time.latency = fields.real();
    return time;
}

struct RegimeDraft {
    Regime regime;
    std::vector<Plane> planes;
    Exactness exactness = Exactness::exact;
};

struct Draft {
    Profile profile;
    std::vector<RegimeDraft> regimes;
};

Regime read_regime(Fields& fields) {
    Regime regime;
    regime.smallest = fields.integer();
    regime.largest = fields.integer();
    regime.sequence = fields.text();
    if (regime.sequence == kNoSequence) regime.sequence.clear();
    return regime;
}

bool take_line(Draft& draft, std::string_view text) {
    Fields fields(text);
    Profile& profile = draft.profile;
    if (fields.name() == "regime") {
        draft.regimes.push_back({read_regime(fields), {}, Exactness::exact});
        return fields.ok() && draft.regimes.back().regime.smallest > 0;
    }
    const bool is_of_regime = fields.name() == "by_phase" || fields.name() == "plane";
    if (is_of_regime && draft.regimes.empty()) return false;
    if (fields.name() == "key") profile.key = fields.text();
    if (fields.name() == "network") profile.network = fields.text();
    if (fields.name() == "sequence" && !draft.regimes.empty())
        draft.regimes.back().regime.sequence = fields.text();
    if (fields.name() == "recompute") profile.recompute = static_cast<int>(fields.integer());
    if (fields.name() == "static") profile.static_bytes = fields.integer();
    if (fields.name() == "by_phase") draft.regimes.back().exactness = Exactness::by_phase;
    if (fields.name() == "time") profile.time = read_times(fields);
    if (fields.name() == "plane") {
        Plane& plane = draft.regimes.back().planes.emplace_back();
        plane.fixed = fields.real();
        plane.per_sample = fields.real();
        plane.per_group = fields.real();
    }
    if (fields.name() == "confirmed") {
        Confirmation& confirmation = profile.confirmed.emplace_back();
        confirmation.samples = fields.integer();
        confirmation.groups = fields.integer();
        confirmation.peak_bytes = fields.integer();
    }
    return fields.ok();
}

/// Of the sizes that ran its kernels.
void spread_over_confirmed(Draft& draft) {
    Regime& regime = draft.regimes.front().regime;
    regime.smallest = kProbeSmall;
    regime.largest = kProbeLarge;
    for (const Confirmation& one : draft.profile.confirmed) {
        regime.smallest = std::max<std::int64_t>(1, std::min(regime.smallest, one.samples));
        regime.largest = std::max(regime.largest, one.samples);
    }
}

}  // namespace

std::string optimizer_text(const UpdateFacts& facts) {
    std::string text(facts.kind);
    const bool has_velocity = (text == "sgd" || text == "rmsprop") && facts.momentum != 0;
    if (has_velocity) text += "+momentum";
    if (facts.weight_decay != 0) text += "+decay";
    if (facts.nesterov) text += "+nesterov";
    if (facts.clip_norm > 0) text += "+clip";
    if (facts.sam_rho > 0) text += facts.sam_adaptive ? "+asam" : "+sam";
    if (facts.label_smoothing > 0) text += "+smooth";
    return text;
}

std::string profile_key(const ProfileSubject& subject) {
    const auto& s = subject;
    std::string text = "batchwright-subject-1";
    for (const std::string& field : {s.model, s.precision, s.optimizer, s.bn, s.device, s.torch})
        text += "\n" + field;
    for (const int field : {s.classes, s.channels, s.height, s.width, s.threads})
        text += "\n" + std::to_string(field);
    // Profiles are older than this field.
    if (s.memory_format != "contiguous") text += "\n" + s.memory_format;
    if (s.recompute) text += "\nrecompute";
    return sha256_hex(text);
}

Variant variant_of(const Profile& profile) {
    return {.recompute = profile.recompute, .peak = profile.peak, .time = profile.time};
}

void note_confirmed(Profile& profile, const Confirmation& confirmation) {
    const auto known = std::ranges::find_if(profile.confirmed, [&](const Confirmation& one) {
        return one.samples == confirmation.samples && one.groups == confirmation.groups;
    });
    if (known != profile.confirmed.end()) {
        *known = confirmation;
    } else {
        profile.confirmed.push_back(confirmation);
    }
}

Profile merged(const Profile& known, Profile newer) {
    if (known.network != newer.network) return newer;
    MemoryModel peak = known.peak;
    for (const Regime& regime : newer.peak.regimes()) peak.learn(regime);
    std::vector<Confirmation> confirmed = std::exchange(newer.confirmed, known.confirmed);
    for (const Confirmation& one : confirmed) note_confirmed(newer, one);
    newer.peak = std::move(peak);
    return newer;
}

std::string to_text(const Profile& profile) {
    std::string out = std::string(kFormat) + "\n";
    out += "key " + profile.key + "\nnetwork " + profile.network + "\n";
    if (profile.recompute > 0) line(out, "recompute", static_cast<std::int64_t>(profile.recompute));
    line(out, "static", profile.static_bytes);
    for (const Regime& regime : profile.peak.regimes()) put_regime(out, regime);
    const TimeModel& time = profile.time;
    line(
        out,
        "time",
        time.per_micro_batch,
        time.per_sample,
        time.update,
        time.reduced_bytes,
        time.bandwidth,
        time.latency
    );
    for (const Confirmation& c : profile.confirmed)
        line(out, "confirmed", c.samples, c.groups, c.peak_bytes);
    return out + "end\n";
}

Result<Profile> parse_profile(std::string_view text) {
    const auto next_line = [&text] {
        const std::size_t end = text.find('\n');
        const std::string_view found = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        return found;
    };
    const std::string_view format = next_line();
    if (format != kFormat && format != kFormatBefore)
        return fail(Errc::version_mismatch, "the profile is of another release");
    Draft draft;
    if (format == kFormatBefore) draft.regimes.emplace_back();
    for (;;) {
        if (text.empty()) return fail(Errc::corrupt, "the profile is cut off");
        const std::string_view one = next_line();
        if (one == "end") break;
        if (!take_line(draft, one))
            return fail(Errc::corrupt, "the profile has a line \"" + std::string(one) + "\"");
    }
    if (format == kFormatBefore) spread_over_confirmed(draft);
    std::vector<Regime> regimes;
    for (RegimeDraft& one : draft.regimes) {
        if (one.planes.empty()) return fail(Errc::corrupt, "the profile knows no peak");
        one.regime.peak = PeakModel(std::move(one.planes), one.exactness);
        regimes.push_back(std::move(one.regime));
    }
    if (regimes.empty()) return fail(Errc::corrupt, "the profile knows no peak");
    draft.profile.peak = MemoryModel(std::move(regimes));
    return std::move(draft.profile);
}

}  // namespace bw::plan
