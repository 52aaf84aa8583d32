#include "sweeps/search_options.h"

#include <utility>

#include "sweeps/options.h"
#include "sweeps/section.h"

namespace bw::sweeps {
namespace {

constexpr std::array<std::string_view, 4> kSamplers = {"random", "sobol", "tpe", "gp"};
constexpr std::array<std::string_view, 3> kRules = {"asha", "median", "patience"};
constexpr std::array<std::string_view, 3> kOrders = {"sorted", "file", "random"};
constexpr std::array<std::string_view, 4> kAggregates = {"mean", "median", "min", "max"};
constexpr std::array<std::string_view, 4> kAshaKeys = {"type", "min_iter", "max_iter", "eta"};
constexpr std::array<std::string_view, 3> kMedianKeys = {"type", "min_iter", "min_jobs"};
constexpr std::array<std::string_view, 3> kPatienceKeys = {"type", "reports", "min_delta"};
constexpr std::array<std::string_view, 7> kStopperKeys = {
    "type", "min_iter", "max_iter", "eta", "min_jobs", "reports", "min_delta"};
constexpr std::array<std::string_view, 2> kBudgetKeys = {"jobs", "device_hours"};
constexpr std::array<std::string_view, 3> kReplicaKeys = {"parameter", "count", "aggregate"};

std::span<const std::string_view> keys_of(Stopper::Rule rule) {
    switch (rule) {
        case Stopper::Rule::asha:
            return kAshaKeys;
        case Stopper::Rule::median:
            return kMedianKeys;
        case Stopper::Rule::patience:
            return kPatienceKeys;
        case Stopper::Rule::none:
            break;
    }
    return kStopperKeys;
}

class Reader {
public:
    Reader(const Entry& entry, Options& options, Problems& problems)
        : section_(entry, entry.key, problems), options_(options), problems_(problems) {}

    void read() {
        if (const auto index = section_.choice("sampler", kSamplers))
            options_.sampler = static_cast<Sampler>(*index + 1);
        if (const auto index = section_.choice("order", kOrders))
            options_.order = static_cast<Order>(*index);
        section_.integer("max_failures", {0, kStepsMax}, options_.max_failures);
        read_stopper();
        read_budget();
        read_replicas();
        read_maps("points", options_.points);
        read_maps("include", options_.include);
        read_maps("exclude", options_.exclude);
        read_per_model();
    }

private:
    void read_stopper() {
        const Entry* entry = section_.find("stopper");
        if (entry == nullptr) return;
        Section stopper(*entry, section_.path_of("stopper"), problems_);
        if (entry->value.map() != nullptr && stopper.find("type") == nullptr) {
            problems_.error(
                entry->mark,
                section_.path_of("stopper"),
                "required key type is missing (asha, median or patience)"
            );
            return;
        }
        const auto rule = stopper.choice("type", kRules);
        Stopper& out = options_.stopper;
        if (rule) out.rule = static_cast<Stopper::Rule>(*rule + 1);
        if (!stopper.knows(keys_of(out.rule))) return;
        stopper.integer("min_iter", {1, kStepsMax}, out.min_iter);
        stopper.integer("max_iter", {2, kStepsMax}, out.max_iter);
        stopper.number("eta", 1, out.eta);
        stopper.integer("min_jobs", {1, kStepsMax}, out.min_jobs);
        stopper.integer("reports", {1, kStepsMax}, out.reports);
        stopper.number("min_delta", 0, out.min_delta);
        const Entry* last = stopper.find("max_iter");
        if (last != nullptr && out.max_iter > 0 && out.max_iter <= out.min_iter)
            stopper.error(*last, "expected more than min_iter, " + std::to_string(out.min_iter));
    }

    void read_budget() {
        const Entry* entry = section_.find("budget");
        if (entry == nullptr) return;
        Section budget(*entry, section_.path_of("budget"), problems_);
        if (!budget.knows(kBudgetKeys)) return;
        budget.integer("jobs", {1, kStepsMax}, options_.budget.jobs);
        budget.number("device_hours", 0, options_.budget.device_hours);
    }

    void read_replicas() {
        const Entry* entry = section_.find("replicas");
        if (entry == nullptr) return;
        Replicas& out = options_.replicas;
        if (const auto* count = std::get_if<std::int64_t>(&entry->value.data)) {
            if (*count >= 1 && *count <= kReplicasMax) out.count = *count;
        }
        if (out.count > 1) return;  // the short form: `replicas: 3`
        Section replicas(*entry, section_.path_of("replicas"), problems_);
        if (!replicas.knows(kReplicaKeys)) return;
        replicas.integer("count", {1, kReplicasMax}, out.count);
        if (const auto index = replicas.choice("aggregate", kAggregates))
            out.aggregate = static_cast<Aggregate>(*index);
        const Entry* parameter = replicas.find("parameter");
        if (parameter == nullptr) return;
        if (const auto* name = parameter->value.text()) {
            out.parameter = *name;
        } else {
            replicas.error(
                *parameter, "expected a parameter's name, found " + found_text(parameter->value)
            );
        }
    }

    void read_maps(std::string_view key, std::vector<Map>& out) {
        const Entry* entry = section_.find(key);
        if (entry == nullptr) return;
        const Elements* items = entry->value.list();
        if (items == nullptr) {
            section_.error(
                *entry,
                "expected a list of maps from parameters to values, found " +
                    found_text(entry->value)
            );
            return;
        }
        for (std::size_t i = 0; i < items->size(); ++i) {
            const Element& item = (*items)[i];
            if (item.map() != nullptr && !item.map()->empty()) {
                out.push_back(std::get<Map>(to_value(item).data));
                continue;
            }
            problems_.error(
                item.mark,
                section_.path_of(key) + "[" + std::to_string(i) + "]",
                "expected a map from parameters to values, found " + found_text(item)
            );
        }
    }

    void read_per_model() {
        const Entry* entry = section_.find("per_model");
        if (entry == nullptr) return;
        if (entry->value.map() == nullptr) {
            section_.error(
                *entry,
                "expected a map from models to parameters, found " + found_text(entry->value)
            );
            return;
        }
        for (const Entry& model : *entry->value.map()) {
            if (model.value.map() != nullptr) continue;
            problems_.error(
                model.value.mark,
                section_.path_of("per_model") + "." + model.key,
                "expected a map from parameters to values, found " + found_text(model.value)
            );
            return;
        }
        options_.per_model = std::get<Map>(to_value(entry->value).data);
    }

    Section section_;
    Options& options_;
    Problems& problems_;
};

}  // namespace

void read_search_options(const Entry& section, Options& options, Problems& problems) {
    Reader(section, options, problems).read();
}

}  // namespace bw::sweeps
