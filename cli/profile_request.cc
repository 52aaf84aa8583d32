#include "cli/profile_request.h"

#include "cli/commands.h"
#include "cli/trainer_call.h"

namespace bw::cli {
namespace {

std::filesystem::path folder_of(const std::string& state_dir) {
    return std::filesystem::absolute(state_dir) / "profiles";
}

}  // namespace

Result<nlohmann::json> request_profile(
    const std::string& trainer,
    const plan::ProfileSubject& subject,
    std::int64_t samples,
    std::int64_t group,
    const std::string& state_dir
) {
    const std::string& optimizer = subject.optimizer;
    const auto with = [&optimizer](const char* part, double value) {
        return optimizer.find(part) == std::string::npos ? 0.0 : value;
    };
    const nlohmann::json request = {
        {"model", subject.model},
        {"classes", subject.classes},
        {"channels", subject.channels},
        {"height", subject.height},
        {"width", subject.width},
        {"precision", subject.precision},
        {"memory_format", subject.memory_format},
        {"optimizer", optimizer.substr(0, optimizer.find('+'))},
        {"momentum", with("+momentum", 0.9)},
        {"weight_decay", with("+decay", 1e-4)},
        {"nesterov", with("+nesterov", 1) > 0},
        {"clip_norm", with("+clip", 1)},
        {"sam_rho", with("+sam", 0.05) + with("+asam", 0.05)},
        {"sam_adaptive", with("+asam", 1) > 0},
        {"recompute", subject.recompute ? "always" : "never"},
        {"label_smoothing", with("+smooth", 0.1)},
        {"learning_rate", 0.0},
        {"bn", subject.bn.empty() ? "ghost" : subject.bn},
        {"group", subject.bn == "ghost" ? group : 0},
        {"threads", subject.threads},
        {"samples", samples},
        {"profiles_dir", folder_of(state_dir).string()},
    };
    const auto answer = ask_trainer(find_trainer(trainer), {"--profile", request.dump()});
    if (!answer) return answer.error();
    nlohmann::json json = nlohmann::json::parse(*answer, nullptr, false);
    if (!json.is_object()) return fail(Errc::corrupt, "the trainer's answer is no JSON object");
    return {boost::system::in_place_value, std::move(json)};
}

Result<plan::Profile> read_profile(const std::string& state_dir, const std::string& key) {
    const auto text = read_file((folder_of(state_dir) / (key + ".profile")).string());
    if (!text) return text.error();
    return plan::parse_profile(*text);
}

}  // namespace bw::cli
