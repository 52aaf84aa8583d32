#include "worker/trainer/model_list.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "models/arch/architectures.h"
#include "models/arch/count.h"
#include "models/catalog/catalog.h"
#include "worker/trainer/model_state.h"

namespace bw::trainer {

namespace {

models::InputShape input_for(const models::ModelInfo& model, const ModelListOptions& options) {
    const models::InputShape native{model.channels, model.resolution, model.resolution};
    if (options.channels == 0) return native;
    const bool square = options.height == options.width;
    const bool fits = square && !models::input_problem(model, options.channels, options.height);
    return fits ? models::InputShape{options.channels, options.height, options.width} : native;
}

Result<nlohmann::json> tensors_of(const std::string& name, int classes, models::InputShape input) {
    const models::ParametersOn meta(torch::kMeta);
    const auto network = models::construct_network(name, classes, input);
    if (!network) return network.error();
    nlohmann::json rows = nlohmann::json::array();
    for (const auto& [tensor_name, tensor] : exported_weights_of(**network))
        rows.push_back({tensor_name, tensor.sizes().vec()});
    return {boost::system::in_place_value, std::move(rows)};
}

/// `name` is the model's, or the model's with a multiplier.
Result<nlohmann::json> row_of(
    const std::string& name, const models::ModelInfo& model, const ModelListOptions& options
) {
    const models::InputShape input = input_for(model, options);
    const auto counts = models::count_network(name, options.classes, input);
    if (!counts) return counts.error();
    nlohmann::json row = {
        {"name", name},
        {"aliases", std::vector<std::string>(model.aliases.begin(), model.aliases.end())},
        {"classes", options.classes},
        {"input", {input.channels, input.height, input.width}},
        {"parameters", counts->parameters},
        {"macs", counts->macs},
        {"flops_seed", counts->flops_seed},
        {"batch_norm_layers", counts->batch_norm_layers},
    };
    if (name != model.name) row["aliases"] = nlohmann::json::array();
    if (options.tensors) {
        auto tensors = tensors_of(name, options.classes, input);
        if (!tensors) return tensors.error();
        row["tensors"] = std::move(*tensors);
    }
    return {boost::system::in_place_value, std::move(row)};
}

}  // namespace

Result<ModelListOptions> parse_model_list_options(int argc, char** argv) {
    ModelListOptions options;
    for (int i = 2; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (argument == "--classes") {
            options.classes = std::atoi(value);
            ++i;
        } else if (argument == "--input") {
            int end = 0;
            const int read = std::sscanf(
                value, "%dx%dx%d%n", &options.channels, &options.height, &options.width, &end
            );
            const bool whole = read == 3 && value[end] == '\0' && options.channels > 0 &&
                               options.height > 0 && options.width > 0;
            if (!whole) {
                return fail(
                    Errc::invalid_input,
                    "--input: expected CxHxW as in 3x224x224, found " + bw::quoted(value)
                );
            }
            ++i;
        } else if (argument == "--tensors") {
            options.tensors = true;
        } else {
            options.name = argument;
        }
    }
    if (options.classes < 1)
        return fail(Errc::invalid_input, "--classes: expected a number from 1");
    return options;
}

Result<std::string> model_list_json(const ModelListOptions& options) {
    nlohmann::json rows = nlohmann::json::array();
    const bool is_scaled = models::find_model(options.name) == nullptr &&
                           models::find_architecture(options.name).has_value();
    const models::ModelInfo* only =
        models::find_model(is_scaled ? models::family_of(options.name) : options.name);
    if (!options.name.empty() && only == nullptr) {
        return fail(
            Errc::not_found,
            "unknown model " + bw::quoted(options.name) + "; `batchwright models` lists them"
        );
    }
    for (const models::ModelInfo& model : models::catalog()) {
        if (only != nullptr && model.name != only->name) continue;
        auto row = row_of(is_scaled ? options.name : std::string(model.name), model, options);
        if (!row)
            return fail(row.error().code, std::string(model.name) + ": " + row.error().message);
        rows.push_back(std::move(*row));
    }
    return rows.dump();
}

}  // namespace bw::trainer
