#include "metrics/sink.h"

#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <utility>
#include <variant>

#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/assert.h"
#include "metrics/label_text.h"

namespace bw::metrics {

namespace {

constexpr char kSeparator = '\xff';  // in no UTF-8 text, and label values are UTF-8

using ClientLabels = std::vector<prometheus::ClientMetric::Label>;

/// prometheus-cpp's metrics in a map of our own: its Family finds what it removes by looking at
/// each of its series, which took 78 s for 40,000 of them.
template <class T>
struct Series {
    template <class... Arguments>
    explicit Series(ClientLabels client_labels, const Arguments&... arguments)
        : labels(std::move(client_labels)), metric(arguments...) {}

    ClientLabels labels;  // in the table's order; an agent's name before them
    T metric;
};

/// The series of one metric, by their values: the order of the text.
template <class T>
using Store = std::map<std::string, Series<T>>;

using CounterStore = Store<prometheus::Counter>;
using GaugeStore = Store<prometheus::Gauge>;
using HistogramStore = Store<prometheus::Histogram>;
using AnyStore = std::variant<CounterStore, GaugeStore, HistogramStore>;

AnyStore store_for(Type type) {
    switch (type) {
        case Type::counter:
            return CounterStore{};
        case Type::gauge:
            return GaugeStore{};
        case Type::histogram:
            return HistogramStore{};
    }
    BW_ASSERT(false, "the metric's type is one of three");
    return {};
}

/// What a retirement matches: one label's value, or an attempt of a job.
using Ended = std::pair<Label, std::string>;

std::string attempt_of(std::string_view job, std::string_view attempt) {
    return std::string(job) + kSeparator + std::string(attempt);
}

bool matches(const std::set<Ended>& ended, const Labels& labels, const ClientLabels& values) {
    std::string_view job;
    const std::size_t constant = values.size() - labels.size();  // an agent's name
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const Label label = labels.all()[i];
        const std::string& value = values[constant + i].value;
        if (label == Label::job) job = value;
        if (ended.contains({label, value})) return true;
        if (label == Label::attempt && ended.contains({label, attempt_of(job, value)})) return true;
    }
    return false;
}

template <class T>
prometheus::MetricFamily collect(const Metric& metric, const Store<T>& store) {
    prometheus::MetricFamily family;
    family.name = std::string(kPrefix) + std::string(metric.name);
    family.help = std::string(metric.help);
    family.type = T::metric_type;
    family.metric.reserve(store.size());
    for (const auto& [key, series] : store) {
        family.metric.push_back(series.metric.Collect());
        family.metric.back().label = series.labels;
    }
    return family;
}

bool is_countable(double amount) { return std::isfinite(amount) && amount >= 0; }

}  // namespace

struct Sink::Impl {
    explicit Impl(SinkOptions sink_options);

    template <class T>
    T* find(std::size_t metric, Values values);
    template <class T>
    T* create(std::size_t metric, std::string key, Values values);
    [[nodiscard]] ClientLabels client_labels(const Metric& metric, Values values) const;
    void count_dropped();

    SinkOptions options;
    std::vector<AnyStore> stores;  // by index in kTable
    std::size_t series_count = 0;
    std::map<Ended, Instant> retired;  // and when they are due
};

Sink::Impl::Impl(SinkOptions sink_options) : options(std::move(sink_options)) {
    BW_ASSERT(options.origin != Origin::both, "a process is a coordinator or an agent");
    options.agent = label_text(options.agent);
    for (const Metric& metric : kTable) stores.push_back(store_for(metric.type));
}

ClientLabels Sink::Impl::client_labels(const Metric& metric, Values values) const {
    ClientLabels labels;
    if (options.origin == Origin::agent) labels.push_back({"agent", options.agent});
    for (std::size_t i = 0; i < values.size(); ++i) {
        labels.push_back({std::string(name_of(metric.labels.all()[i])), std::move(values[i])});
    }
    return labels;
}

template <class T>
T* Sink::Impl::create(std::size_t index, std::string key, Values values) {
    const Metric& metric = kTable.at(index);
    auto& store = std::get<Store<T>>(stores[index]);
    ClientLabels labels = client_labels(metric, std::move(values));
    ++series_count;
    if constexpr (std::is_same_v<T, prometheus::Histogram>) {
        const std::vector<double> bounds(metric.buckets.begin(), metric.buckets.end());
        return &store.try_emplace(std::move(key), std::move(labels), bounds).first->second.metric;
    } else {
        return &store.try_emplace(std::move(key), std::move(labels)).first->second.metric;
    }
}

template <class T>
T* Sink::Impl::find(std::size_t index, Values values) {
    const Metric& metric = kTable.at(index);
    BW_ASSERT(
        metric.origin == options.origin || metric.origin == Origin::both,
        "a process records only what the table says it serves"
    );
    std::string key;
    for (std::string& value : values) {
        value = label_text(value);
        key += value;
        key += kSeparator;
    }
    auto& store = std::get<Store<T>>(stores[index]);
    const auto found = store.find(key);
    if (found != store.end()) return &found->second.metric;
    // Metrics without labels cannot grow in number, and tell that others were dropped.
    if (series_count >= options.series_max && !values.empty()) {
        count_dropped();
        return nullptr;
    }
    return create<T>(index, std::move(key), std::move(values));
}

void Sink::Impl::count_dropped() {
    constexpr Ref<Type::counter, 0> kDropped("metrics_series_dropped_total");
    find<prometheus::Counter>(kDropped.index(), {})->Increment();
}

Sink::Sink(SinkOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        const Metric& metric = kTable.at(i);
        const bool is_mine =
            metric.origin == Origin::both || metric.origin == impl_->options.origin;
        if (!is_mine || metric.labels.size() > 0) continue;
        if (metric.type == Type::counter) impl_->find<prometheus::Counter>(i, {});
        if (metric.type == Type::histogram) impl_->find<prometheus::Histogram>(i, {});
    }
}

Sink::~Sink() = default;

void Sink::add_to(std::size_t metric, double amount, Values values) {
    auto* counter = impl_->find<prometheus::Counter>(metric, std::move(values));
    if (counter && is_countable(amount)) counter->Increment(amount);
}

void Sink::raise_to(std::size_t metric, double total, Values values) {
    auto* counter = impl_->find<prometheus::Counter>(metric, std::move(values));
    if (counter && is_countable(total) && total > counter->Value()) {
        counter->Increment(total - counter->Value());
    }
}

void Sink::set_to(std::size_t metric, double value, Values values) {
    auto* gauge = impl_->find<prometheus::Gauge>(metric, std::move(values));
    if (gauge) gauge->Set(value);
}

void Sink::observe_in(std::size_t metric, double value, Values values) {
    if (!is_countable(value)) return;
    auto* histogram = impl_->find<prometheus::Histogram>(metric, std::move(values));
    if (histogram) histogram->Observe(value);
}

void Sink::retire_value(Label label, std::string value, Instant now) {
    impl_->retired[{label, label_text(value)}] = now + impl_->options.ended_kept_for;
}

void Sink::retire(const AttemptKey& attempt, Instant now) {
    const Values values = values_of(attempt.job.job, attempt.attempt);
    impl_->retired[{Label::attempt, attempt_of(values[0], values[1])}] =
        now + impl_->options.ended_kept_for;
}

void Sink::keep_value(Label label, const std::string& value) {
    impl_->retired.erase({label, label_text(value)});
}

void Sink::prune(Instant now) {
    std::set<Ended> due;
    std::erase_if(impl_->retired, [&](const auto& entry) {
        if (entry.second > now) return false;
        due.insert(entry.first);
        return true;
    });
    if (due.empty()) return;
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        const Labels& labels = kTable.at(i).labels;
        const auto remove_due = [&](auto& store) {
            return std::erase_if(store, [&](const auto& entry) {
                return matches(due, labels, entry.second.labels);
            });
        };
        impl_->series_count -= std::visit(remove_due, impl_->stores[i]);
    }
}

std::size_t Sink::series_count() const { return impl_->series_count; }

std::string Sink::text() const {
    std::ostringstream out;
    const prometheus::TextSerializer serializer;
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        const auto write = [&](const auto& store) {
            if (!store.empty()) serializer.Serialize(out, {collect(kTable.at(i), store)});
        };
        std::visit(write, impl_->stores[i]);
    }
    return std::move(out).str();
}

}  // namespace bw::metrics
