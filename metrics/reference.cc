#include "metrics/reference.h"

#include "metrics/table.h"

namespace bw::metrics {

namespace {

constexpr std::string_view kIntroduction =
    "# Metrics\n"
    "\n"
    "Made from `metrics/table.h` by `BW_UPDATE_GOLDEN=1 metrics_tests`; do not edit.\n"
    "\n"
    "The coordinator and every agent serve `GET /metrics` in Prometheus' text format; the\n"
    "coordinator's `/sd` lists the agents for Prometheus' HTTP service discovery\n"
    "(`deploy/prometheus/prometheus.yml`). One set of labels goes from the queue to the gradient:\n"
    "`sweep`, `point` and `job` mean the same on both sides.\n"
    "\n"
    "- Scrape with `honor_labels: true`: Prometheus has a label `job` of its own, and would "
    "rename\n"
    "  ours to `exported_job`.\n"
    "- Series of a job, an attempt, a sweep or a lost agent stay for two minutes after its end, "
    "so\n"
    "  that the last values are seen, and are then removed. The history stays in Prometheus.\n"
    "- A process exports a bounded number of series (`kSeriesMax` in `metrics/metric.h`);\n"
    "  `batchwright_metrics_series_dropped_total` counts what did not fit.\n"
    "- Counters may begin anew with a process or an attempt: take `rate` or `increase` first, "
    "then\n"
    "  `sum`.\n";

void append_metrics(std::string& page, Origin origin, std::string_view title) {
    page += "\n## " + std::string(title) + "\n\n| metric | type | labels | meaning |\n";
    page += "|---|---|---|---|\n";
    for (const Metric& metric : kTable) {
        if (metric.origin != origin) continue;
        page += "| `" + std::string(kPrefix) + std::string(metric.name) + "` | ";
        page += std::string(name_of(metric.type)) + " | ";
        std::string_view comma;
        for (const Label label : metric.labels.all()) {
            page += std::string(comma) + "`" + std::string(name_of(label)) + "`";
            comma = ", ";
        }
        page += " | " + std::string(metric.help) + " |\n";
    }
}

void append_labels(std::string& page) {
    page += "\n## Labels\n\n| label | value |\n|---|---|\n";
    for (const LabelInfo& label : all_labels()) {
        page += "| `" + std::string(label.name) + "` | " + std::string(label.meaning) + " |\n";
    }
}

}  // namespace

std::string markdown() {
    std::string page(kIntroduction);
    append_metrics(page, Origin::both, "Every process (an agent's also with `agent`)");
    append_metrics(page, Origin::coordinator, "Coordinator");
    append_metrics(page, Origin::agent, "Agents, all with the label `agent` besides");
    append_labels(page);
    return page;
}

}  // namespace bw::metrics
