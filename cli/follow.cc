// The verbs that follow a stream: logs -f, wait, submit --wait.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "cli/commands.h"
#include "cli/sweep_file.h"
#include "cli/verbs.h"
#include "coordinator/coordinator.h"

namespace bw::cli {

namespace {

constexpr auto kAwayLimit = std::chrono::minutes(2);
constexpr auto kAwayPause = std::chrono::milliseconds(500);

// What a wait has seen so far.
struct Seen {
    bool over = false, unsuccessful = false;
    bool results = false;  // of a sweep: they are on disk
    Json last;
};

std::optional<std::uint64_t> ordinal_of(const Json& selected) {
    if (!selected["points"].is_string()) return std::nullopt;
    return std::stoull(selected["points"].get<std::string>());
}

bool is_single(const Json& selected) {
    const Json& points = selected["points"];
    return points.is_string() &&
           points.get<std::string>().find_first_not_of("0123456789") == std::string::npos;
}

// Asks how things stand; the stream only says when to ask, and that the results are there.
Result<void> look(const ServiceOptions& service, const std::string& path, Seen& seen) {
    const auto now = ask(service, path);
    if (!now) return now.error();
    seen.last = *now;
    seen.over = now->value("over", false);
    seen.results = seen.results && seen.over;  // a sweep may be opened again
    const Json& unsuccessful = (*now)["unsuccessful"];
    seen.unsuccessful = unsuccessful.is_boolean() ? unsuccessful.get<bool>() : unsuccessful != 0;
    return boost::system::in_place_value;
}

// A coordinator that is away for a while (a restart) is waited for.
int wait_for_end(const ServiceOptions& service, const std::string& path, const Json& selected) {
    const std::string events = "/api/v1/sweeps/" + selected["sweep"].dump() + "/events";
    const std::optional<std::uint64_t> ordinal = ordinal_of(selected);
    Seen seen;
    const Client::OnEvent on_event = [&](const std::string& name, const Json& data) {
        if (name == "ended") seen.results = true;
        const bool is_its =
            ordinal && name == "job" && data.value("ordinal", *ordinal + 1) == *ordinal;
        return !seen.results && !(is_its && data.value("over", false));
    };
    auto heard = std::chrono::steady_clock::now();
    for (;;) {
        const auto looked = look(service, path, seen);
        if (looked && seen.over && (ordinal || seen.results)) break;
        const auto now = std::chrono::steady_clock::now();
        if (looked) heard = now;
        if (!looked && (looked.error().code != Errc::peer_gone || now - heard > kAwayLimit))
            return give_up(looked.error());
        if (!looked || !follow(service, events, on_event)) std::this_thread::sleep_for(kAwayPause);
    }
    if (service.json) std::printf("%s\n", seen.last.dump().c_str());
    if (!service.json) std::printf("%s\n", seen.last.value("state", "ended").c_str());
    return seen.unsuccessful ? coordinator::kExitPointsUnfinished : coordinator::kExitOk;
}

Error needs_point(const std::string& selector, const char* verb) {
    return fail(
        Errc::invalid_input,
        std::string(verb) + ": \"" + selector +
            "\" names more than one point; add its ordinal: " + "SWEEP/3"
    );
}

int follow_logs(const LogsOptions& options, const std::string& path) {
    const Client::OnEvent on_event = [&](const std::string& name, const Json& data) {
        if (options.service.json) {
            std::printf("%s\n", Json{{"event", name}, {"data", data}}.dump().c_str());
        } else if (name == "log") {
            std::fputs(data["text"].get<std::string>().c_str(), stdout);
        }
        std::fflush(stdout);
        return name != "ended";
    };
    const auto followed = follow(options.service, path + "&follow=1", on_event);
    return followed ? int{coordinator::kExitOk} : give_up(followed.error());
}

}  // namespace

int logs(const LogsOptions& options) {
    const auto selected = select(options.service, options.selector);
    if (!selected) return give_up(selected.error());
    if (!is_single(*selected)) return give_up(needs_point(options.selector, "logs"));
    std::string path = (*selected)["path"].get<std::string>() +
                       "/log?rank=" + std::to_string(options.rank) +
                       "&lines=" + std::to_string(options.lines);
    if (options.attempt > 0) path += "&attempt=" + std::to_string(options.attempt);
    // Asked first without following: its errors come with their words.
    const auto tail = ask(options.service, path);
    if (!tail) return give_up(tail.error());
    if (options.follow) return follow_logs(options, path);
    if (options.service.json) std::printf("%s\n", tail->dump().c_str());
    if (!options.service.json) std::fputs((*tail)["text"].get<std::string>().c_str(), stdout);
    return coordinator::kExitOk;
}

int wait(const WaitOptions& options) {
    const auto selected = select(options.service, options.selector);
    if (!selected) return give_up(selected.error());
    if (!(*selected)["points"].is_null() && !is_single(*selected))
        return give_up(needs_point(options.selector, "wait"));
    return wait_for_end(options.service, (*selected)["path"].get<std::string>(), *selected);
}

int submit(const SubmitOptions& options) {
    const auto file = load_sweep_file(options.file);
    if (!file) return report(file.error());
    if (!file->warnings.empty()) std::fputs(file->warnings.c_str(), stderr);
    const Json body = {{"file_name", file->path}, {"text", file->text}, {"fresh", options.fresh}};
    const auto answer = tell(options.service, "/api/v1/sweeps", body);
    if (!answer) return give_up(answer.error());
    if (options.service.json && !options.wait) std::printf("%s\n", answer->dump().c_str());
    if (!options.service.json) {
        const bool known = answer->value("known", false);
        const Json& total = (*answer)["total"];
        std::printf(
            "sweep %s: %s points%s\n",
            (*answer)["sweep"].dump().c_str(),
            total.is_null() ? "unbounded" : total.dump().c_str(),
            known ? " (known: it goes on; --fresh starts it anew)" : ""
        );
    }
    if (!options.wait) return coordinator::kExitOk;
    std::fflush(stdout);
    return wait({options.service, (*answer)["sweep"].dump()});
}

}  // namespace bw::cli
