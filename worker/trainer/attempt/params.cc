#include "worker/trainer/attempt/params.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/text.h"

namespace bw::trainer {
namespace {

using Json = nlohmann::json;

/// Collects the first problem, so that reading stays a list of lines.
class Reader {
public:
    explicit Reader(const Json& json) : json_(json) {}

    void text(const char* name, std::string& out) {
        if (const Json* value = find(name, &Json::is_string, "a text"))
            out = value->get<std::string>();
    }

    void number(const char* name, double& out) {
        if (const Json* value = find(name, &Json::is_number, "a number"))
            out = value->get<double>();
    }

    template <class Integer>
    void count(const char* name, Integer& out) {
        const Json* value = find(name, &Json::is_number_integer, "an integer");
        if (value == nullptr) return;
        if (value->get<std::int64_t>() < 0) return complain(name, "a number that is not negative");
        out = value->get<Integer>();
    }

    /// The value that goes with a word of a closed list.
    template <class T>
    void choice(
        const char* name, T& out, std::initializer_list<std::pair<const char*, T>> choices
    ) {
        const Json* value = find(name, &Json::is_string, "a text");
        if (value == nullptr) return;
        for (const auto& [word, meaning] : choices) {
            if (*value == word) {
                out = meaning;
                return;
            }
        }
        std::string known;
        for (const auto& entry : choices)
            known += std::string(known.empty() ? "" : " or ") + entry.first;
        complain(name, known);
    }

    void last_batch(LastBatch& out) {
        const Json* value = find("drop_last", &Json::is_boolean, "true or false");
        if (value != nullptr) out = value->get<bool>() ? LastBatch::drop : LastBatch::keep;
    }

    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

private:
    const Json* find(const char* name, bool (Json::*is_type)() const noexcept, const char* type) {
        const auto it = json_.find(name);
        if (it == json_.end() || it->is_null()) return nullptr;
        if (((*it).*is_type)()) return &*it;
        complain(name, type);
        return nullptr;
    }

    void complain(const char* name, const std::string& wanted) {
        if (problem_) return;
        problem_ = "parameter " + std::string(name) + ": expected " + wanted + ", found " +
                   json_[name].dump();
    }

    const Json& json_;
    std::optional<std::string> problem_;
};

}  // namespace

Result<TrainingParams> parse_params(std::string_view json) {
    const Json parsed = Json::parse(json, nullptr, false);
    if (!parsed.is_object()) return fail(Errc::invalid_input, "the parameters are no JSON object");
    TrainingParams params;
    Reader reader(parsed);
    reader.text("model", params.model);
    reader.text("dataset", params.dataset);
    reader.count("num_epochs", params.num_epochs);
    reader.count("max_steps", params.max_steps);
    reader.number("learning_rate", params.learning_rate);
    reader.number("momentum", params.momentum);
    reader.number("weight_decay", params.weight_decay);
    reader.choice<OptimizerKind>(
        "optimizer", params.optimizer, {{"sgd", OptimizerKind::sgd}, {"adam", OptimizerKind::adam}}
    );
    reader.count("image_resolution", params.image_resolution);
    reader.count("seed", params.seed);
    reader.count("eval_interval", params.eval_interval);
    reader.last_batch(params.last_batch);
    reader.count("limit_train_samples", params.limit_train_samples);
    reader.count("limit_test_samples", params.limit_test_samples);
    reader.choice<Precision>(
        "precision", params.precision, {{"fp32", Precision::fp32}, {"fp64", Precision::fp64}}
    );
    reader.choice<Augment>(
        "augment", params.augment, {{"none", Augment::none}, {"crop_flip", Augment::crop_flip}}
    );
    if (reader.problem()) return fail(Errc::invalid_input, *reader.problem());
    if (params.model.empty()) return fail(Errc::invalid_input, "parameter model is missing");
    if (params.num_epochs < 1)
        return fail(Errc::invalid_input, "parameter num_epochs: expected at least 1");
    params.hash = sha256_hex(parsed.dump());
    return params;
}

}  // namespace bw::trainer
