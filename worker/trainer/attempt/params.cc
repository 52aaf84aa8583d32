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

    /// The value that goes with false or true.
    template <class T>
    void flag(const char* name, T& out, T when_false, T when_true) {
        if (const Json* value = find(name, &Json::is_boolean, "true or false"))
            out = value->get<bool>() ? when_true : when_false;
    }

    void counts(const char* name, std::vector<std::int64_t>& out) {
        const Json* value = find(name, &Json::is_array, "a list of integers");
        if (value == nullptr) return;
        for (const Json& item : *value) {
            if (!item.is_number_integer() || item.get<std::int64_t>() < 0)
                return complain(name, "a list of integers that are not negative");
            out.push_back(item.get<std::int64_t>());
        }
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

void read_optimizer(Reader& reader, OptimizerSpec& spec) {
    using Kind = OptimizerKind;
    reader.choice<Kind>(
        "optimizer",
        spec.kind,
        {{"sgd", Kind::sgd},
         {"adam", Kind::adam},
         {"adamw", Kind::adamw},
         {"rmsprop", Kind::rmsprop},
         {"lamb", Kind::lamb}}
    );
    if (spec.kind == Kind::lamb) spec.epsilon = 1e-6;
    reader.number("momentum", spec.momentum);
    reader.flag("nesterov", spec.nesterov, Nesterov::no, Nesterov::yes);
    reader.number("weight_decay", spec.weight_decay);
    reader.choice<DecayScope>(
        "weight_decay_scope",
        spec.decay_scope,
        {{"all", DecayScope::all}, {"matrices", DecayScope::matrices}}
    );
    reader.number("beta1", spec.beta1);
    reader.number("beta2", spec.beta2);
    reader.number("epsilon", spec.epsilon);
    reader.number("rms_decay", spec.rms_decay);
}

/// What a schedule multiplies by where the point does not say.
double default_gamma(const ScheduleSpec& spec) {
    return spec.kind == ScheduleKind::cyclic ? 1 : 0.1;
}

void read_schedule(Reader& reader, ScheduleSpec& spec) {
    using Kind = ScheduleKind;
    reader.choice<Kind>(
        "schedule",
        spec.kind,
        {{"constant", Kind::constant},
         {"step", Kind::step},
         {"multi_step", Kind::multi_step},
         {"exponential", Kind::exponential},
         {"polynomial", Kind::polynomial},
         {"cosine", Kind::cosine},
         {"cosine_annealing", Kind::cosine_annealing},
         {"cyclic", Kind::cyclic},
         {"one_cycle", Kind::one_cycle},
         {"plateau", Kind::plateau}}
    );
    reader.choice<ScheduleInterval>(
        "schedule_interval",
        spec.interval,
        {{"step", ScheduleInterval::step}, {"epoch", ScheduleInterval::epoch}}
    );
    reader.choice<CycleMode>(
        "cycle_mode",
        spec.cycle_mode,
        {{"triangular", CycleMode::triangular},
         {"triangular2", CycleMode::triangular2},
         {"exp_range", CycleMode::exp_range}}
    );
    reader.count("warmup_steps", spec.warmup_steps);
    reader.count("schedule_steps", spec.total_steps);
    reader.number("schedule_cycles", spec.cycles);
    reader.number("min_learning_rate", spec.min_rate);
    reader.number("max_learning_rate", spec.max_rate);
    spec.gamma = default_gamma(spec);
    reader.number("gamma", spec.gamma);
    reader.number("power", spec.power);
    reader.count("decay_steps", spec.decay_steps);
    reader.counts("milestones", spec.milestones);
    reader.count("cycle_up", spec.cycle_up);
    reader.count("cycle_down", spec.cycle_down);
    reader.count("patience", spec.patience);
    reader.count("cooldown", spec.cooldown);
    reader.number("threshold", spec.threshold);
}

Result<void> check(const TrainingParams& params) {
    const auto wrong = [](const char* what) { return fail(Errc::invalid_input, what); };
    if (params.model.empty()) return wrong("parameter model is missing");
    if (params.num_epochs < 1) return wrong("parameter num_epochs: expected at least 1");
    if (params.schedule.decay_steps < 1) return wrong("parameter decay_steps: expected at least 1");
    if (params.schedule.cycle_up < 1) return wrong("parameter cycle_up: expected at least 1");
    return {};
}

}  // namespace

Result<TrainingParams> parse_params(std::string_view json) {
    const Json parsed = Json::parse(json, nullptr, false);
    if (!parsed.is_object()) return fail(Errc::invalid_input, "the parameters are no JSON object");
    TrainingParams params;
    Reader reader(parsed);
    reader.text("model", params.model);
    reader.text("dataset", params.dataset);
    reader.text("weights", params.weights);
    reader.count("num_epochs", params.num_epochs);
    reader.count("max_steps", params.max_steps);
    reader.number("target_loss", params.target_loss);
    reader.flag("dropout", params.dropout, false, true);
    reader.number("learning_rate", params.learning_rate);
    read_optimizer(reader, params.optimizer);
    read_schedule(reader, params.schedule);
    reader.number("sam_rho", params.sharpness.rho);
    reader.flag("sam_adaptive", params.sharpness.adaptive, false, true);
    reader.number("clip_norm", params.clip_norm);
    reader.number("label_smoothing", params.label_smoothing);
    reader.count("image_resolution", params.image_resolution);
    reader.count("seed", params.seed);
    reader.count("eval_interval", params.eval_interval);
    reader.flag("save_best", params.save_best, false, true);
    reader.flag("drop_last", params.last_batch, LastBatch::keep, LastBatch::drop);
    reader.count("limit_train_samples", params.limit_train_samples);
    reader.count("limit_test_samples", params.limit_test_samples);
    reader.choice<Precision>(
        "precision", params.precision, {{"fp32", Precision::fp32}, {"fp64", Precision::fp64}}
    );
    reader.choice<MemoryFormat>(
        "memory_format",
        params.memory_format,
        {{"contiguous", MemoryFormat::contiguous}, {"channels_last", MemoryFormat::channels_last}}
    );
    reader.choice<Augment>(
        "augment", params.augment, {{"none", Augment::none}, {"crop_flip", Augment::crop_flip}}
    );
    reader.choice<RecomputePolicy>(
        "recompute",
        params.recompute,
        {{"auto", RecomputePolicy::automatic},
         {"never", RecomputePolicy::never},
         {"always", RecomputePolicy::always}}
    );
    if (reader.problem()) return fail(Errc::invalid_input, *reader.problem());
    if (auto checked = check(params); !checked) return checked.error();
    params.hash = sha256_hex(parsed.dump());
    return params;
}

}  // namespace bw::trainer
