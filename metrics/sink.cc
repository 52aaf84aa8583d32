#include "metrics/sink.h"

#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <unordered_map>
#include <utility>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/assert.h"
#include "metrics/label_text.h"

namespace bw::metrics {

namespace {

constexpr char kSeparator = '\xff';  // in no UTF-8 text, and label values are UTF-8

template <class T>
struct Series {
    Values values;
    T* metric = nullptr;
};

/// The series of one metric; the family is made with the first of them.
template <class T>
struct Store {
    prometheus::Family<T>* family = nullptr;
    std::unordered_map<std::string, Series<T>> series;
};

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

bool matches(const std::set<Ended>& ended, const Labels& labels, const Values& values) {
    std::string_view job;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Label label = labels.all()[i];
        if (label == Label::job) job = values[i];
        if (ended.contains({label, values[i]})) return true;
        if (label == Label::attempt && ended.contains({label, attempt_of(job, values[i])})) {
            return true;
        }
    }
    return false;
}

template <class T>
std::size_t remove_matching(Store<T>& store, const Labels& labels, const std::set<Ended>& ended) {
    return std::erase_if(store.series, [&](auto& entry) {
        if (!matches(ended, labels, entry.second.values)) return false;
        store.family->Remove(entry.second.metric);
        return true;
    });
}

void sort(std::vector<prometheus::MetricFamily>& families) {
    std::sort(families.begin(), families.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    for (auto& family : families) {
        std::sort(family.metric.begin(), family.metric.end(), [](const auto& a, const auto& b) {
            return a.label < b.label;
        });
    }
}

bool is_countable(double amount) { return std::isfinite(amount) && amount >= 0; }

}  // namespace

struct Sink::Impl {
    explicit Impl(SinkOptions sink_options);

    template <class T>
    T* find(std::size_t metric, Values values);
    template <class T>
    T* create(Store<T>& store, const Metric& metric, std::string key, Values values);
    template <class T>
    prometheus::Family<T>& family_of(const Metric& metric);
    void count_dropped();

    SinkOptions options;
    prometheus::Registry registry;
    std::vector<AnyStore> stores;  // by index in kTable
    std::size_t series_count = 0;
    std::map<Ended, Instant> retired;  // and when they are due
};

Sink::Impl::Impl(SinkOptions sink_options) : options(std::move(sink_options)) {
    BW_ASSERT(options.origin != Origin::both, "a process is a coordinator or an agent");
    for (const Metric& metric : kTable) stores.push_back(store_for(metric.type));
}

template <class T>
prometheus::Family<T>& Sink::Impl::family_of(const Metric& metric) {
    prometheus::Labels constant;
    if (options.origin == Origin::agent) constant["agent"] = label_text(options.agent);
    return prometheus::detail::Builder<T>()
        .Name(std::string(kPrefix) + std::string(metric.name))
        .Help(std::string(metric.help))
        .Labels(constant)
        .Register(registry);
}

template <class T>
T* Sink::Impl::create(Store<T>& store, const Metric& metric, std::string key, Values values) {
    if (!store.family) store.family = &family_of<T>(metric);
    prometheus::Labels labels;
    for (std::size_t i = 0; i < values.size(); ++i) {
        labels[std::string(name_of(metric.labels.all()[i]))] = values[i];
    }
    T* made = nullptr;
    if constexpr (std::is_same_v<T, prometheus::Histogram>) {
        const prometheus::Histogram::BucketBoundaries bounds(
            metric.buckets.begin(), metric.buckets.end()
        );
        made = &store.family->Add(labels, bounds);
    } else {
        made = &store.family->Add(labels);
    }
    store.series.emplace(std::move(key), Series<T>{std::move(values), made});
    ++series_count;
    return made;
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
    const auto found = store.series.find(key);
    if (found != store.series.end()) return found->second.metric;
    // Metrics without labels cannot grow in number, and tell that others were dropped.
    if (series_count >= options.series_max && !values.empty()) {
        count_dropped();
        return nullptr;
    }
    return create(store, metric, std::move(key), std::move(values));
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
        impl_->series_count -= std::visit(
            [&](auto& store) { return remove_matching(store, labels, due); }, impl_->stores[i]
        );
    }
}

std::size_t Sink::series_count() const { return impl_->series_count; }

std::string Sink::text() const {
    auto families = impl_->registry.Collect();
    sort(families);
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return std::move(out).str();
}

}  // namespace bw::metrics
