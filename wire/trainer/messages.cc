#include "wire/trainer/messages.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "wire/trainer/json_fields.h"

namespace bw::trainer_wire {
namespace {

// A C++ exception's text may be a whole stack trace; escaped, this still fits into a line.
constexpr std::size_t kFailureTextBytesMax = 8 * 1024;

// ---- the type's name and the fields of each message, once for both directions
// --------------------------------

constexpr const char* type_of(const Start*) { return "start"; }

constexpr const char* type_of(const Rendezvous*) { return "rendezvous"; }

constexpr const char* type_of(const Stop*) { return "stop"; }

constexpr const char* type_of(const CheckpointAccepted*) { return "checkpoint_accepted"; }

constexpr const char* type_of(const Ready*) { return "ready"; }

constexpr const char* type_of(const StoreOpened*) { return "store_opened"; }

constexpr const char* type_of(const Running*) { return "running"; }

constexpr const char* type_of(const Progress*) { return "progress"; }

constexpr const char* type_of(const CheckpointDurable*) { return "checkpoint_durable"; }

constexpr const char* type_of(const EpochEnded*) { return "epoch_ended"; }

constexpr const char* type_of(const Profiled*) { return "profiled"; }

constexpr const char* type_of(const Finished*) { return "finished"; }

constexpr const char* type_of(const Stopped*) { return "stopped"; }

constexpr const char* type_of(const Failed*) { return "failed"; }

/// Message itself (to read) or a const one (to write).
template <class M, class Message>
concept Of = std::is_same_v<std::remove_const_t<M>, Message>;

template <class Visitor, Of<Start> M>
void fields(Visitor& v, M& m) {
    v.required("job", m.job);
    v.required("attempt", m.attempt);
    v.required("rank", m.rank);
    v.object("params", m.params_json);
    v.required("global_batch", m.plan.global_batch);
    v.optional("group", m.plan.group);
    v.optional("micro_batch", m.plan.micro_batch);
    v.optional("world_size", m.plan.world_size);
    v.optional("bn", m.bn);
    v.optional("device", m.device);
    v.optional("threads", m.threads);
    v.optional("checkpoint_steps", m.checkpoint_steps);
    v.required("attempt_dir", m.attempt_dir);
    v.optional("resume_from", m.resume_from);
    v.optional("data_path", m.data_path);
    v.optional("cache_dir", m.cache_dir);
    v.optional("host", m.host);
    v.optional("port_first", m.port_first);
    v.optional("port_last", m.port_last);
    v.optional("memory_limit_bytes", m.memory_limit_bytes);
    v.optional("asked_micro_batch", m.asked_micro_batch);
    v.optional("profiles_dir", m.profiles_dir);
    v.optional_object("program", m.program_json);
    v.optional("resume_step", m.resume_step);
    v.optional("local_rank", m.local_rank);
    v.optional("local_world_size", m.local_world_size);
    v.optional("gpus", m.gpus);
    v.optional("grace_ms", m.grace_ms);
}

template <class Visitor, class M>

requires(Of<M, Rendezvous> || Of<M, StoreOpened>) void fields(Visitor& v, M& m) {
    v.required("host", m.host);
    v.required("port", m.port);
}

void fields(FieldWriter& v, const Stop& m) {
    switch (m.mode) {
        case StopMode::preempt:
            return v.required("mode", std::string("preempt"));
        case StopMode::cancel:
            return v.required("mode", std::string("cancel"));
    }
}

void fields(FieldReader& v, Stop& m) {
    std::string mode;
    v.required("mode", mode);
    if (mode == "cancel") {
        m.mode = StopMode::cancel;
    } else if (mode != "preempt") {
        v.complain("mode", "is neither \"preempt\" nor \"cancel\"");
    }
}

template <class Visitor, class M>

requires(Of<M, CheckpointAccepted> || Of<M, Stopped>) void fields(Visitor& v, M& m) {
    v.required("step", m.step);
}

template <class Visitor, Of<Ready> M>
void fields(Visitor&, M&) {}

template <class Visitor, Of<Running> M>
void fields(Visitor& v, M& m) {
    v.required("step", m.step);
    v.optional("total_steps", m.total_steps);
    v.optional("data_fingerprint", m.data_fingerprint);
}

template <class Visitor, Of<Progress> M>
void fields(Visitor& v, M& m) {
    v.required("step", m.step);
    v.optional("total_steps", m.total_steps);
    v.optional("epoch", m.epoch);
    v.optional("loss", m.loss);
    v.optional("samples_per_second", m.samples_per_second);
    v.optional("accuracy", m.accuracy);
    v.optional("learning_rate", m.learning_rate);
    v.optional("steps", m.steps);
    v.optional("samples", m.samples);
    v.optional("oom_replans", m.oom_replans);
    v.optional("data_seconds", m.phases.data);
    v.optional("forward_seconds", m.phases.forward);
    v.optional("backward_seconds", m.phases.backward);
    v.optional("all_reduce_seconds", m.phases.all_reduce);
    v.optional("optimizer_seconds", m.phases.optimizer);
    v.optional("evaluation_seconds", m.phases.evaluation);
    v.optional("checkpoint_seconds", m.phases.checkpoint);
    v.optional("other_seconds", m.phases.other);
    v.optional("micro_batch", m.micro_batch);
    v.optional("accumulation", m.accumulation);
    v.optional("ooms", m.ooms);
    v.optional("peak_bytes", m.peak_bytes);
    v.optional("predicted_peak_bytes", m.predicted_peak_bytes);
    v.optional("limit_bytes", m.limit_bytes);
}

template <class Visitor, Of<CheckpointDurable> M>
void fields(Visitor& v, M& m) {
    v.required("step", m.step);
    v.required("path", m.path);
    v.optional("seconds", m.seconds);
}

template <class Visitor, Of<EpochEnded> M>
void fields(Visitor& v, M& m) {
    v.optional("epoch", m.epoch);
    v.required("step", m.step);
    v.optional("train_loss", m.train_loss);
    v.optional("train_accuracy", m.train_accuracy);
    v.optional("test_loss", m.test_loss);
    v.optional("test_accuracy", m.test_accuracy);
    v.optional("metrics", m.metrics);
}

template <class Visitor, Of<Profiled> M>
void fields(Visitor& v, M& m) {
    v.required("profile", m.profile);
}

template <class Visitor, Of<Finished> M>
void fields(Visitor& v, M& m) {
    v.required("step", m.step);
    v.optional("weights_sha256", m.weights_sha256);
    v.optional("samples_per_step_min", m.samples_per_step_min);
    v.optional("samples_per_step_max", m.samples_per_step_max);
    v.optional("micro_batch", m.micro_batch);
    v.optional("accumulation", m.accumulation);
    v.optional("train_loss", m.train_loss);
    v.optional("test_loss", m.test_loss);
    v.optional("test_accuracy", m.test_accuracy);
    v.optional("samples_per_second", m.samples_per_second);
    v.optional("metrics", m.metrics);
    v.optional("peak_bytes", m.peak_bytes);
    v.optional("predicted_peak_bytes", m.predicted_peak_bytes);
    v.optional("limit_bytes", m.limit_bytes);
    v.optional("oom_count", m.oom_count);
    v.optional("replans", m.replans);
    v.optional("probe_steps", m.probe_steps);
    v.optional("probe_ooms", m.probe_ooms);
    v.optional("recompute", m.recompute);
}

template <class Visitor, Of<Failed> M>
void fields(Visitor& v, M& m) {
    v.optional("code", m.code);
    v.required("message", m.message);
    v.optional("retry", m.retry);
}

// ---- lines
// -----------------------------------------------------------------------------------------------------

template <class Message>
std::string encode_one(const Message& message) {
    FieldWriter writer;
    fields(writer, message);
    return std::move(writer).finish(type_of(&message));
}

std::string encode_one(const Failed& message) {
    Failed cut = message;
    if (cut.message.size() > kFailureTextBytesMax) cut.message.resize(kFailureTextBytesMax);
    FieldWriter writer;
    fields(writer, cut);
    return std::move(writer).finish(type_of(&cut));
}

Error corrupt(std::string_view line, const std::string& what) {
    return fail(Errc::corrupt, "line " + quoted(line) + " of the trainer protocol: " + what);
}

/// True when `type` names Message; `out` then holds the message, `problem` what is wrong with it.
template <class Message, class Variant>
bool decode_if(
    const std::string& type, const Json& json, std::optional<Variant>& out, std::string& problem
) {
    Message message;
    if (type != type_of(&message)) return false;
    FieldReader reader(json);
    fields(reader, message);
    problem = reader.problem();
    out = std::move(message);
    return true;
}

template <class... Messages>
Result<std::optional<std::variant<Messages...>>>
decode(std::string_view line, std::type_identity<std::variant<Messages...>>) {
    if (line.size() > kLineBytesMax) {
        return corrupt(
            line,
            std::to_string(line.size()) + " bytes are more than " + std::to_string(kLineBytesMax)
        );
    }
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return corrupt(line, "no JSON object");
    const auto type = json.find("type");
    if (type == json.end() || !type->is_string()) return corrupt(line, "has no \"type\"");
    std::optional<std::variant<Messages...>> message;
    std::string problem;
    const auto& name = type->template get_ref<const std::string&>();
    static_cast<void>((decode_if<Messages>(name, json, message, problem) || ...));
    if (!problem.empty()) return corrupt(line, problem);
    return message;
}

}  // namespace

std::string encode(const ToTrainer& message) {
    return std::visit([](const auto& m) { return encode_one(m); }, message);
}

std::string encode(const FromTrainer& message) {
    return std::visit([](const auto& m) { return encode_one(m); }, message);
}

Result<std::optional<ToTrainer>> decode_to_trainer(std::string_view line) {
    return decode(line, std::type_identity<ToTrainer>{});
}

Result<std::optional<FromTrainer>> decode_from_trainer(std::string_view line) {
    return decode(line, std::type_identity<FromTrainer>{});
}

}  // namespace bw::trainer_wire
