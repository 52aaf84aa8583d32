#include "models/arch/golden/check.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include <c10/core/GradMode.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "models/arch/architectures.h"
#include "models/arch/golden/fill.h"
#include "models/arch/golden/names.h"

namespace bw::models {

namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-4;
constexpr double kScaleFloor = 1e-3;

struct Entry {
    std::string name;
    std::string architecture;
    const Json& json;
    std::shared_ptr<Network> network;
    torch::Tensor input;
};

/// A pool that also flattens is the same pool.
std::vector<std::int64_t> without_ones(std::vector<std::int64_t> shape) {
    std::erase(shape, 1);
    return shape;
}

/// Compares the output of every layer that the reference names, under the name that it has with us.
class CheckpointComparison final : public CallObserver {
public:
    CheckpointComparison(Network& network, const Json& checkpoints) {
        for (const auto& item : checkpoints) reference_[item.at("at")] = &item;
        for (const auto& item : network.named_modules()) names_[item.value().get()] = item.key();
    }

    void on_call(const Layer& layer, const torch::Tensor&, const torch::Tensor& y) override {
        const auto name = names_.find(&layer);
        if (name == names_.end()) return;
        const auto found = reference_.find(name->second);
        if (found == reference_.end()) return;
        compare(name->second, *found->second, y.to(torch::kDouble));
    }

    GoldenLine line(const std::string& entry) const {
        const auto detail = std::to_string(compared_) + " of " + std::to_string(reference_.size()) +
                            " layers" + (worst_name_.empty() ? "" : ", worst at " + worst_name_);
        return {entry, "checkpoints", error_, error_ <= kTolerance, detail};
    }

private:
    void compare(const std::string& name, const Json& reference, const torch::Tensor& y) {
        if (without_ones(reference.at("shape").get<std::vector<std::int64_t>>()) !=
            without_ones(y.sizes().vec())) {
            note(name, std::numeric_limits<double>::infinity());
            return;
        }
        const double absmean = reference.at("absmean");
        const double scale = std::max(absmean, kScaleFloor);
        note(name, std::abs(y.mean().item<double>() - reference.at("mean").get<double>()) / scale);
        note(name, std::abs(y.abs().mean().item<double>() - absmean) / scale);
        const auto flat = y.flatten();
        std::int64_t i = 0;
        for (const double value : reference.at("first3").get<std::vector<double>>()) {
            note(name, std::abs(flat[i].item<double>() - value) / std::max(scale, std::abs(value)));
            ++i;
        }
        ++compared_;
    }

    void note(const std::string& name, double error) {
        if (!(error > error_)) return;
        error_ = error;
        worst_name_ = name;
    }

    std::map<std::string, const Json*> reference_;
    std::map<const torch::nn::Module*, std::string> names_;
    std::string worst_name_;
    double error_ = 0.0;
    int compared_ = 0;
};

torch::Tensor run(const Entry& entry, FillKind kind, Precision precision) {
    fill_network(*entry.network, kind, entry.json.at("gain2"));
    if (precision == Precision::single || kind == FillKind::ordinal)
        return entry.network->forward(entry.input).to(torch::kDouble);
    entry.network->to(torch::kDouble);
    auto logits = entry.network->forward(entry.input.to(torch::kDouble));
    entry.network->to(torch::kFloat);
    return logits;
}

GoldenLine compare_logits(const Entry& entry, const char* kind, const torch::Tensor& logits) {
    const auto& reference = entry.json.at(kind);
    const auto classes = entry.json.at("n_classes").get<std::int64_t>();
    GoldenLine line{entry.name, kind, 0.0, false, {}};
    if (logits.sizes() != torch::IntArrayRef{1, classes}) {
        line.detail = "logits have another shape";
        return line;
    }
    const auto flat = logits.flatten();
    const double scale = std::max(reference.at("absmax").get<double>(), kScaleFloor);
    const auto note = [&](double ours, double theirs) {
        const double error = std::abs(ours - theirs) / scale;
        line.error = std::isfinite(error) ? std::max(line.error, error) : HUGE_VAL;
    };
    std::int64_t i = 0;
    for (const double value : reference.at("logits").get<std::vector<double>>()) {
        note(flat[i].item<double>(), value);
        ++i;
    }
    note(flat.abs().max().item<double>(), reference.at("absmax"));
    note(
        flat.mean().item<double>(), reference.at("sum").get<double>() / static_cast<double>(classes)
    );
    if (reference.contains("std") && classes > 1) {
        note(flat.std(/*unbiased=*/true).item<double>(), reference.at("std"));
    }
    line.passed = line.error <= kTolerance;
    if (flat.argmax().item<std::int64_t>() != reference.at("argmax").get<std::int64_t>()) {
        line.passed = false;
        line.detail = "another argmax";
    }
    return line;
}

GoldenLine compare_counts(const Entry& entry) {
    std::int64_t parameters = 0;
    std::int64_t tensors = 0;
    for (const auto& parameter : entry.network->parameters()) {
        parameters += parameter.numel();
        ++tensors;
    }
    GoldenLine line{entry.name, "counts", 0.0, true, entry.architecture};
    const auto expect = [&](const char* key, std::int64_t ours) {
        if (!entry.json.contains(key) || entry.json.at(key).get<std::int64_t>() == ours) return;
        line.passed = false;
        line.detail =
            std::string(key) + " is " + std::to_string(ours) + ", not " + entry.json.at(key).dump();
    };
    expect("params", parameters);
    expect("n_param_tensors", tensors);
    return line;
}

Result<Entry> open_entry(const std::string& name, const Json& json) {
    const auto architecture = architecture_of_entry(name);
    if (!architecture)
        return fail(Errc::not_found, "no network of ours is called " + bw::quoted(name));
    const auto shape = json.at("input").get<std::vector<int>>();
    const InputShape input{.channels = shape.at(1), .height = shape.at(2), .width = shape.at(3)};
    const auto network = construct_network(*architecture, json.at("n_classes"), input);
    if (!network) return network.error();
    (*network)->eval();
    return Entry{name, *architecture, json, *network, golden_input(input)};
}

template <class Report>
void check_entry(const Entry& entry, const GoldenOptions& options, Report report) {
    report(compare_counts(entry));
    if (entry.json.contains("shape")) {
        if (options.checkpoints == Checkpoints::compared && entry.json.contains("checkpoints")) {
            CheckpointComparison comparison(*entry.network, entry.json.at("checkpoints"));
            const ObservedCalls observed(comparison);
            report(compare_logits(entry, "shape", run(entry, FillKind::shape, options.precision)));
            report(comparison.line(entry.name));
        } else {
            report(compare_logits(entry, "shape", run(entry, FillKind::shape, options.precision)));
        }
    }
    if (entry.json.contains("ordinal")) {
        report(compare_logits(entry, "ordinal", run(entry, FillKind::ordinal, options.precision)));
    }
}

Result<std::unique_ptr<Json>> read_models(const std::string& path) {
    std::ifstream file(path);
    if (!file) return fail(Errc::io, "cannot read " + bw::quoted(path));
    const Json json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("models") || !json.at("models").is_object()) {
        return fail(Errc::invalid_input, bw::quoted(path) + " holds no \"models\" object");
    }
    return std::make_unique<Json>(json.at("models"));
}

}  // namespace

Result<std::vector<GoldenLine>> check_golden_file(
    const std::string& path, const GoldenOptions& options, void (*report)(const GoldenLine&)
) {
    const torch::NoGradGuard no_grad;
    const auto models = read_models(path);
    if (!models) return models.error();
    std::vector<GoldenLine> lines;
    const auto add = [&](GoldenLine line) {
        report(line);
        lines.push_back(std::move(line));
    };
    for (const auto& [name, json] : (*models)->items()) {
        if (!options.only.empty() && name != options.only) continue;
        try {
            const auto entry = open_entry(name, json);
            if (entry) {
                check_entry(*entry, options, add);
            } else {
                add({name, "build", HUGE_VAL, false, entry.error().message});
            }
        } catch (const std::exception& error
        ) {  // a malformed entry, or a network that LibTorch refuses
            add({name, "entry", HUGE_VAL, false, error.what()});
        }
    }
    if (lines.empty())
        return fail(Errc::not_found, "no entry is called " + bw::quoted(options.only));
    return lines;
}

}  // namespace bw::models
