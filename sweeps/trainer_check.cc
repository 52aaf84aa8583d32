#include "sweeps/trainer_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "sweeps/distributions.h"
#include "sweeps/training.h"
#include "sweeps/training_rules.h"

namespace bw::sweeps {
namespace {

/// A value that a point may have, and where it stands.
struct Candidate {
    Value value;
    Mark mark;
    std::string path;
};

constexpr std::size_t kBatchesMax =
    4096;  // values of an integer range that are looked at one by one
constexpr std::size_t kCombinationsMax = 20'000;

const Element& element_of(const ReadParameter& read, std::string_view key) {
    const Entry* entry = find_entry(read.entry->value, key);
    return entry == nullptr ? read.entry->value : entry->value;
}

// The smallest and largest value that a numeric distribution draws; nothing when it has no bounds.
std::optional<std::pair<Value, Value>> drawn_bounds(const Parameter& p) {
    const auto pair = [&p](double min, double max) {
        if (!is_quantised(info_of(p.distribution).shape)) return std::pair{Value{min}, Value{max}};
        return std::pair{
            Value{std::nearbyint(min / p.q) * p.q}, Value{std::nearbyint(max / p.q) * p.q}};
    };
    switch (p.distribution) {
        case Distribution::uniform:
        case Distribution::int_uniform:
        case Distribution::log_uniform_values:
        case Distribution::inv_log_uniform_values:
            return pair(p.min, p.max);
        case Distribution::q_uniform:
        case Distribution::q_log_uniform_values:
            return pair(p.min, p.max);
        case Distribution::log_uniform:
        case Distribution::q_log_uniform:
            return pair(std::exp(p.min), std::exp(p.max));
        case Distribution::inv_log_uniform:
            return pair(std::exp(-p.max), std::exp(-p.min));
        case Distribution::beta:
        case Distribution::q_beta:
            return pair(0, 1);
        case Distribution::normal:
        case Distribution::q_normal:
        case Distribution::log_normal:
        case Distribution::q_log_normal:
        case Distribution::constant:
        case Distribution::categorical:
        case Distribution::categorical_w_probabilities:
            break;
    }
    return std::nullopt;
}

bool draws_integers(const Parameter& p) {
    if (p.distribution == Distribution::int_uniform) return true;
    return is_quantised(info_of(p.distribution).shape) && std::trunc(p.q) == p.q;
}

std::vector<Candidate> listed_values(const ReadParameter& read) {
    std::vector<Candidate> out;
    if (read.parameter.distribution == Distribution::constant) {
        return {
            {read.parameter.values.front(), element_of(read, "value").mark, read.path + ".value"}};
    }
    const Elements* items = element_of(read, "values").list();
    if (items == nullptr) return out;
    for (std::size_t i = 0; i < items->size(); ++i) {
        out.push_back(
            {to_value((*items)[i]),
             (*items)[i].mark,
             read.path + ".values[" + std::to_string(i) + "]"}
        );
    }
    return out;
}

class Checker {
public:
    Checker(const TrainerCheckInput& input, Problems& problems)
        : input_(input), problems_(problems) {}

    void check() {
        for (const ReadParameter& read : input_.parameters) check_parameter(read);
        if (!by_name_.contains("model")) {
            require_model();
            return;
        }
        if (failed_) return;
        check_combinations();
        check_groups();
    }

private:
    void require_model() {
        // A definition that could not be read has been reported already.
        if (find_entry(input_.parameters_entry->value, "model") != nullptr) return;
        problems_.error(
            input_.parameters_entry->mark,
            "parameters",
            "model is missing: which network to train, such as model: {value: cnn}; for a program "
            "of "
            "your own, set program or command"
        );
    }

    void check_parameter(const ReadParameter& read) {
        const Parameter& p = read.parameter;
        if (p.levels.size() > 1) {
            error(read.entry->mark, read.path, "the built-in trainer takes no nested parameters");
            return;
        }
        const TrainingParameter* known = find_training_parameter(p.name);
        if (known == nullptr) {
            error(
                read.entry->mark,
                read.path,
                "unknown parameter of the built-in trainer" + near_names(p.name)
            );
            return;
        }
        const auto [place, is_new] = by_name_.emplace(known->name, &read);
        if (!is_new) {
            error(
                read.entry->mark,
                read.path,
                "is the same parameter as " + place->second->parameter.name + "; give one of them"
            );
            return;
        }
        check_values(*known, read);
    }

    static std::string near_names(const std::string& wrong) {
        std::vector<std::string_view> names;
        for (const TrainingParameter& parameter : training_parameters()) {
            names.push_back(parameter.name);
            if (!parameter.alias.empty()) names.push_back(parameter.alias);
        }
        const std::string near = did_you_mean(wrong, names);
        return near.empty() ? "; for a program of your own, set program or command" : near;
    }

    void check_values(const TrainingParameter& known, const ReadParameter& read) {
        const Parameter& p = read.parameter;
        if (!p.values.empty()) {
            for (const Candidate& one : listed_values(read)) {
                if (auto problem = training_value_problem(known, one.value))
                    error(one.mark, one.path, *problem);
            }
            return;
        }
        const std::string name(info_of(p.distribution).name);
        if (known.type != ParameterType::integer && known.type != ParameterType::number) {
            error(read.entry->mark, read.path, name + " draws numbers; list the values instead");
            return;
        }
        if (known.type == ParameterType::integer && !draws_integers(p)) {
            error(
                read.entry->mark,
                read.path,
                name + " draws fractions, and this is an integer; use int_uniform, or a q of 1"
            );
            return;
        }
        const auto bounds = drawn_bounds(p);
        if (!bounds) return;
        check_bound(known, read, "min", bounds->first);
        check_bound(known, read, "max", bounds->second);
    }

    void check_bound(
        const TrainingParameter& known,
        const ReadParameter& read,
        std::string_view key,
        const Value& value
    ) {
        const auto problem = training_value_problem(known, value);
        const bool given = find_entry(read.entry->value, key) != nullptr;
        const Element& place = element_of(read, key);
        if (problem)
            error(place.mark, given ? read.path + "." + std::string(key) : read.path, *problem);
    }

    // What a parameter may be, for the rules between parameters: all listed values, the ends of a
    // range.
    std::vector<Candidate> candidates(std::string_view name) const {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) {
            return {
                {find_training_parameter(name)->fallback,
                 input_.parameters_entry->mark,
                 "parameters"}};
        }
        const ReadParameter& read = *found->second;
        if (!read.parameter.values.empty()) return listed_values(read);
        std::vector<Candidate> out;
        if (const auto bounds = drawn_bounds(read.parameter)) {
            out.push_back({bounds->first, element_of(read, "min").mark, read.path + ".min"});
            out.push_back({bounds->second, element_of(read, "max").mark, read.path + ".max"});
        }
        return out;
    }

    using Rule = std::optional<CombinationProblem> (*)(const Map& complete);

    void check_combinations() {
        static constexpr std::array<std::string_view, 7> kData = {
            "model",
            "recipe",
            "dataset",
            "image_resolution",
            "batch_size",
            "limit_train_samples",
            "drop_last"};
        static constexpr std::array<std::string_view, 11> kLearning = {
            "model",
            "recipe",
            "optimizer",
            "momentum",
            "nesterov",
            "schedule",
            "milestones",
            "learning_rate",
            "max_learning_rate",
            "warmup_steps",
            "schedule_steps"};
        check_combinations(kData, data_problem);
        check_combinations(kLearning, learning_problem);
    }

    void check_combinations(std::span<const std::string_view> names, Rule rule) {
        std::vector<std::vector<Candidate>> axes;
        std::size_t count = 1;
        for (const std::string_view name : names) {
            axes.push_back(candidates(name));
            count *= std::max<std::size_t>(1, axes.back().size());
            if (count > kCombinationsMax) return;  // each point is checked again before it runs
        }
        for (std::size_t i = 0; i < count; ++i) check_combination(names, axes, i, rule);
    }

    void check_combination(
        std::span<const std::string_view> names,
        const std::vector<std::vector<Candidate>>& axes,
        std::size_t number,
        Rule rule
    ) {
        Map params;
        std::map<std::string_view, const Candidate*> chosen;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (axes[i].empty()) continue;
            const Candidate& one = axes[i][number % axes[i].size()];
            number /= axes[i].size();
            chosen[names[i]] = &one;
            params.emplace_back(names[i], one.value);
        }
        const auto problem = rule(complete_training_params(params));
        if (!problem) return;
        const Candidate* blamed =
            chosen.contains(problem->parameter) ? chosen[problem->parameter] : chosen["model"];
        problems_.error(blamed->mark, blamed->path, problem->message);
    }

    void check_groups() {
        std::vector<Candidate> batches = candidates("batch_size");
        const auto found = by_name_.find("batch_size");
        if (found != by_name_.end() &&
            found->second->parameter.distribution == Distribution::int_uniform) {
            add_range(*found->second, batches);
        }
        if (batches.size() > kCombinationsMax) return;
        std::set<std::string> reported;
        for (const Candidate& model : candidates("model")) {
            for (const Candidate& batch : batches) check_group(model, batch, reported);
        }
    }

    static void add_range(const ReadParameter& read, std::vector<Candidate>& batches) {
        const Parameter& p = read.parameter;
        if (p.max - p.min > static_cast<double>(kBatchesMax)) return;
        for (double batch = p.min + 1; batch < p.max; ++batch) {
            batches.push_back({Value{batch}, read.entry->mark, read.path});
        }
    }

    // One report per option: the first batch that it does not fit.
    void check_group(
        const Candidate& model, const Candidate& batch, std::set<std::string>& reported
    ) {
        const Map params =
            complete_training_params({{"model", model.value}, {"batch_size", batch.value}});
        const auto* name = std::get_if<std::string>(&model.value.data);

        const auto* size = std::get_if<std::int64_t>(&find_value(params, "batch_size")->data);
        if (name == nullptr || size == nullptr) return;
        const auto problem = group_problem(input_.options, *name, *size);
        if (!problem || !reported.insert(problem->option).second) return;
        const Entry* entry = input_.options_entry == nullptr
                                 ? nullptr
                                 : find_entry(input_.options_entry->value, problem->option);
        const Mark mark = entry == nullptr ? batch.mark : entry->value.mark;
        const std::string path = entry == nullptr ? batch.path : "batchwright." + problem->option;
        problems_.error(mark, path, problem->message);
    }

    void error(Mark mark, const std::string& path, std::string message) {
        failed_ = true;
        problems_.error(mark, path, std::move(message));
    }

    const TrainerCheckInput& input_;
    Problems& problems_;
    std::map<std::string_view, const ReadParameter*> by_name_;
    bool failed_ = false;
};

}  // namespace

void check_training_space(const TrainerCheckInput& input, Problems& problems) {
    Checker(input, problems).check();
}

}  // namespace bw::sweeps
