#include "metrics/table.h"

#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace bw::metrics {
namespace {

bool ends_with_unit(const Metric& metric, std::string_view name) {
    switch (metric.unit) {
        case Unit::none:
            return !name.ends_with("_seconds") && !name.ends_with("_bytes") &&
                   !name.ends_with("_info");
        case Unit::seconds:
            return name.ends_with("_seconds");
        case Unit::bytes:
            return name.ends_with("_bytes");
        case Unit::samples:
            return name.ends_with("_samples");
        case Unit::info:
            return name.ends_with("_info");
    }
    return false;
}

TEST(MetricTable, NamesAreUniqueAndWrittenAsPrometheusWantsThem) {
    const std::regex pattern("[a-z][a-z0-9]*(_[a-z0-9]+)*");
    std::set<std::string_view> names;
    for (const Metric& metric : kTable) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_TRUE(std::regex_match(std::string(metric.name), pattern)) << metric.name;
    }
}

TEST(MetricTable, OnlyCountersEndInTotalAndUnitsStandBeforeIt) {
    for (const Metric& metric : kTable) {
        std::string_view name = metric.name;
        EXPECT_EQ(name.ends_with("_total"), metric.type == Type::counter) << name;
        if (name.ends_with("_total")) name.remove_suffix(6);
        // A rate has no unit that ends its name in Prometheus; samples_per_second is one.
        if (name.ends_with("_per_second")) continue;
        EXPECT_TRUE(ends_with_unit(metric, name)) << metric.name;
    }
}

TEST(MetricTable, NoNameLooksLikeAPartOfAHistogram) {
    for (const Metric& metric : kTable) {
        for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
            EXPECT_FALSE(metric.name.ends_with(suffix)) << metric.name;
        }
    }
}

TEST(MetricTable, HistogramsAndOnlyTheyHaveGrowingBuckets) {
    for (const Metric& metric : kTable) {
        EXPECT_EQ(metric.buckets.empty(), metric.type != Type::histogram) << metric.name;
        for (std::size_t i = 1; i < metric.buckets.size(); ++i) {
            EXPECT_LT(metric.buckets[i - 1], metric.buckets[i]) << metric.name;
        }
    }
}

TEST(MetricTable, HelpIsOneSentenceOfOneLineWithoutTableBars) {
    for (const Metric& metric : kTable) {
        EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
        EXPECT_EQ(metric.help.find_first_of("\n|"), std::string_view::npos) << metric.name;
    }
}

TEST(MetricTable, NoLabelStandsTwiceAndAgentsAddTheirOwnName) {
    for (const Metric& metric : kTable) {
        std::set<Label> seen;
        for (const Label label : metric.labels.all()) {
            EXPECT_TRUE(seen.insert(label).second) << metric.name << " " << name_of(label);
        }
        if (metric.origin != Origin::coordinator) {
            EXPECT_FALSE(seen.contains(Label::agent)) << metric.name;
        }
    }
}

// The label set that joins the queue to the gradient: whoever names a job names its sweep and
// point.
TEST(MetricTable, AJobIsNeverNamedWithoutItsSweepAndPoint) {
    for (const Metric& metric : kTable) {
        const auto labels = metric.labels.all();
        const std::set<Label> set(labels.begin(), labels.end());
        const bool has_job = set.contains(Label::job);
        EXPECT_EQ(has_job, set.contains(Label::point)) << metric.name;
        const bool has_rank = set.contains(Label::rank), has_attempt = set.contains(Label::attempt);
        EXPECT_TRUE(!has_job || set.contains(Label::sweep)) << metric.name;
        EXPECT_TRUE(!has_rank || has_attempt) << metric.name;
        EXPECT_TRUE(!has_attempt || has_job) << metric.name;
    }
}

}  // namespace
}  // namespace bw::metrics
