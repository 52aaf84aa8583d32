#include "sweeps/seed_config.h"

#include <utility>

#include "base/text.h"
#include "models/catalog/recipes.h"
#include "sweeps/datasets.h"
#include "sweeps/problems.h"
#include "sweeps/training.h"
#include "sweeps/yaml_reader.h"

namespace bw::sweeps {
namespace {

Value text(std::string_view word) { return Value{std::string(word)}; }

/// What the script trains with when nothing is configured.
Map script_defaults() {
    return {
        {"num_epochs", Value{std::int64_t{10}}},
        {"learning_rate", Value{1e-3}},
        {"batch_size", Value{std::int64_t{128}}},
        {"image_resolution", Value{std::int64_t{224}}},
        {"dataset", text("cifar10")},
        {"optimizer", text("adam")},
    };
}

/// SGD between 1e-6 and 0.1 under SAM.
Map sam_parameters() {
    return {
        {"optimizer", text("sgd")},
        {"momentum", Value{0.9}},
        {"weight_decay", Value{1e-4}},
        {"sam_rho", Value{0.05}},
        {"schedule", text("cyclic")},
        {"learning_rate", Value{1e-6}},
        {"max_learning_rate", Value{0.1}},
        {"cycle_up", Value{std::int64_t{50}}},
        {"cycle_mode", text("triangular2")},
    };
}

void set(Map& params, std::string_view name, Value value) {
    for (auto& [known, held] : params) {
        if (known == name) {
            held = std::move(value);
            return;
        }
    }
    params.emplace_back(name, std::move(value));
}

class ConfigReader {
public:
    explicit ConfigReader(Map& params) : params_(params) {}

    void read(const Element& root) {
        const Entry* section = find_entry(root, "parameters");
        const auto* entries = section == nullptr ? nullptr : section->value.map();
        if (entries == nullptr) {
            problems_.error(
                root.mark, "", "expected a map `parameters`, as the script's config.yaml has"
            );
            return;
        }
        for (const Entry& entry : *entries) read_entry(entry);
        check_classes();
    }

    void read_entry(const Entry& entry) {
        if (entry.key == "MNIST") {
            read_mnist(entry);
        } else if (entry.key == "n_classes") {
            classes_ = &entry;
        } else {
            read_parameter(entry);
        }
    }

    Problems& problems() { return problems_; }

private:
    void error(const Entry& entry, std::string message) {
        problems_.error(entry.value.mark, "parameters." + entry.key, std::move(message));
    }

    void read_mnist(const Entry& entry) {
        const auto* flag = std::get_if<bool>(&entry.value.data);
        if (flag == nullptr)
            return error(entry, "expected True or False, found " + found_text(entry.value));
        set(params_, "dataset", text(*flag ? "mnist" : "cifar10"));
    }

    void read_parameter(const Entry& entry) {
        const TrainingParameter* known = find_training_parameter(entry.key);
        if (known == nullptr)
            return error(entry, "unknown parameter; `batchwright sweep schema` lists them");
        Value value = to_value(entry.value);
        if (auto problem = training_value_problem(*known, value)) return error(entry, *problem);
        set(params_, known->name, std::move(value));
    }

    /// The data set says how many classes there are; a configuration that says otherwise is wrong.
    void check_classes() {
        if (classes_ == nullptr) return;
        const Value* name = find_value(params_, "dataset");
        const DatasetInfo* dataset = find_dataset(std::get<std::string>(name->data));
        const auto given = as_number(classes_->value);
        if (dataset == nullptr || given == dataset->classes) return;
        error(
            *classes_,
            std::string(dataset->name) + " has " + std::to_string(dataset->classes) +
                " classes, found " + found_text(classes_->value)
        );
    }

    Map& params_;
    Problems problems_;
    const Entry* classes_ = nullptr;
};

std::string rendered(std::vector<Diagnostic> diagnostics, const std::string& name) {
    std::string lines;
    for (const Diagnostic& one : diagnostics)
        lines += (lines.empty() ? "" : "\n") + render(one, name);
    return lines;
}

Result<Map> configured(const SeedRun& run) {
    Map params = script_defaults();
    if (run.config.empty()) return params;
    const YamlTree tree = read_yaml(run.config);
    if (!tree.root) return fail(Errc::invalid_input, rendered(tree.diagnostics, run.config_name));
    ConfigReader reader(params);
    reader.read(*tree.root);
    if (reader.problems().has_error())
        return fail(
            Errc::invalid_input, rendered(std::move(reader.problems()).sorted(), run.config_name)
        );
    return params;
}

}  // namespace

Result<std::string> seed_sweep(const SeedRun& run) {
    auto params = configured(run);
    if (!params) return params.error();
    switch (run.optimizer) {
        case SeedOptimizer::sam:
            for (auto& [name, value] : sam_parameters()) set(*params, name, std::move(value));
            break;
        case SeedOptimizer::of_script:
            for (const auto& setting : models::recipe(run.model, "seed"))
                std::erase_if(*params, [&](const auto& held) {
                    return held.first == setting.parameter;
                });
            set(*params, "recipe", text("seed"));
            break;
    }
    set(*params, "model", text(run.model));
    if (run.save_best) set(*params, "save_best", Value{true});
    if (!run.weights.empty()) set(*params, "weights", text(run.weights));
    Map parameters;
    for (auto& [name, value] : *params)
        parameters.emplace_back(name, Value{Map{{"value", std::move(value)}}});
    return to_json(Value{Map{
               {"method", text("grid")},
               {"metric", Value{Map{{"name", text("test_accuracy")}, {"goal", text("maximize")}}}},
               {"parameters", Value{std::move(parameters)}}}}) +
           "\n";
}

}  // namespace bw::sweeps
