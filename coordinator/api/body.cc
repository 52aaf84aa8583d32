#include "coordinator/api/body.h"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "coordinator/api/commands.h"
#include "sweeps/options.h"

namespace bw::api {

namespace {

using Json = nlohmann::json;

Result<Json> read_object(const std::string& body, const std::vector<std::string_view>& known) {
    const Json object = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
    if (!object.is_object()) {
        return fail(
            Errc::invalid_input, "the body: expected a JSON object, found " + bw::quoted(body)
        );
    }
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(known, key) != known.end()) continue;
        const std::string only =
            known.empty() ? "it takes no keys" : "it knows " + bw::quoted(known.front());
        return fail(
            Errc::invalid_input,
            "the body: unknown key " + bw::quoted(key) + did_you_mean(key, known) + "; " + only
        );
    }
    return {boost::system::in_place_value, object};
}

Result<int> read_world_size(const Json& value) {
    const bool is_whole = value.is_number_integer();
    const std::int64_t number = is_whole ? value.get<std::int64_t>() : 0;
    if (is_whole && number >= 1 && number <= sweeps::kWorldSizeMax) return static_cast<int>(number);
    return fail(
        Errc::invalid_input,
        "world_size: expected an integer from 1 to " + std::to_string(sweeps::kWorldSizeMax) +
            ", found " + value.dump()
    );
}

Result<std::vector<std::string>> read_states(const Json& value) {
    static const std::vector<std::string> kStates = {"failed", "refused", "cancelled"};
    std::vector<std::string> states;
    for (const Json& item : value.is_array() ? value : Json::array({value})) {
        const bool known = item.is_string() &&
                           std::ranges::find(kStates, item.get<std::string>()) != kStates.end();
        if (!known) {
            return fail(
                Errc::invalid_input,
                "states: expected a list of failed, refused, cancelled, found " +
                    value.dump(-1, ' ', false, Json::error_handler_t::replace)
            );
        }
        states.push_back(item.get<std::string>());
    }
    return states;
}

}  // namespace

Result<Command> read_command(Verb verb, const std::string& body) {
    std::vector<std::string_view> known;
    if (verb == Verb::resume) known.emplace_back("world_size");
    if (verb == Verb::retry) known.emplace_back("states");
    const auto object = read_object(body, known);
    if (!object) return object.error();
    Command command;
    if (object->contains("world_size")) {
        const auto world_size = read_world_size((*object)["world_size"]);
        if (!world_size) return world_size.error();
        command.world_size = *world_size;
    }
    if (object->contains("states")) {
        auto states = read_states((*object)["states"]);
        if (!states) return states.error();
        command.states = std::move(*states);
    }
    return command;
}

Result<std::string> read_reason(const std::string& body) {
    const auto object = read_object(body, {"reason"});
    if (!object) return object.error();
    const Json reason = object->value("reason", Json("asked by a client"));
    if (!reason.is_string() || reason.get<std::string>().empty())
        return fail(Errc::invalid_input, "reason: expected a text, found " + reason.dump());
    return reason.get<std::string>();
}

}  // namespace bw::api
