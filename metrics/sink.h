// Where a process records its metrics, one line a call:
//     sink.add("attempts_ended_total", 1, sweep, "died");
//     sink.set("train_loss", loss, attempt_key);
// Names are those of metrics/table.h without the prefix; a wrong name, type or number of labels
// does not compile. The number of series is bounded: what ended is retired, and beyond
// `series_max` new series are dropped and counted. Not thread-safe: one thread records and renders.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "metrics/ref.h"

namespace bw::metrics {

struct SinkOptions {
    Origin origin = Origin::coordinator;     // coordinator or agent; the other's metrics are a bug
    std::string agent{};                     // the agent's name: a label on all that it serves
    Duration ended_kept_for = seconds(120);  // so that a few scrapes still see the last values
    std::size_t series_max = kSeriesMax;
};

class Sink {
public:
    /// Counters and histograms without labels begin at 0; all else begins with its first value.
    explicit Sink(SinkOptions options);
    ~Sink();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    /// Counts. Negative and non-finite amounts count as 0: trainers may be anybody's programs. An
    /// amount of 0 makes the series, without which a first count of 1 is no increase to Prometheus.
    template <class... V>
    void add(RefFor<Type::counter, V...> metric, double amount, const V&... labels) {
        add_to(metric.index(), amount, values_of(labels...));
    }

    /// Counts up to a total that was reported; a total below the present one changes nothing.
    template <class... V>
    void raise(RefFor<Type::counter, V...> metric, double total, const V&... labels) {
        raise_to(metric.index(), total, values_of(labels...));
    }

    /// NaN and infinities are kept: a loss may be just that.
    template <class... V>
    void set(RefFor<Type::gauge, V...> metric, double value, const V&... labels) {
        set_to(metric.index(), value, values_of(labels...));
    }

    /// Negative and non-finite values are ignored.
    template <class... V>
    void observe(RefFor<Type::histogram, V...> metric, double value, const V&... labels) {
        observe_in(metric.index(), value, values_of(labels...));
    }

    /// What the label's value names has ended: its series go `ended_kept_for` after `now`.
    template <class T>
    void retire(Label label, const T& value, Instant now) {
        retire_value(label, values_of(value).front(), now);
    }

    void retire(const AttemptKey& attempt, Instant now);

    /// It is back (an agent joined again): a retirement that is not yet due is taken back.
    template <class T>
    void keep(Label label, const T& value) {
        keep_value(label, values_of(value).front());
    }

    /// Removes the series whose time has come. Every scrape does it (metrics/handler.h).
    void prune(Instant now);

    [[nodiscard]] std::size_t series_count() const;

    /// Prometheus' text format 0.0.4: in the table's order, series by their labels' values.
    [[nodiscard]] std::string text() const;

private:
    void add_to(std::size_t metric, double amount, Values values);
    void raise_to(std::size_t metric, double total, Values values);
    void set_to(std::size_t metric, double value, Values values);
    void observe_in(std::size_t metric, double value, Values values);
    void retire_value(Label label, std::string value, Instant now);
    void keep_value(Label label, const std::string& value);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace bw::metrics
