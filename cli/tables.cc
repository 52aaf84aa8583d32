#include "cli/tables.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include <unistd.h>

#include "base/bytes.h"

namespace bw::cli {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::size_t width_of(const std::string& text) {
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

std::string text_at(const Json& data, const char* key) {
    const auto found = data.find(key);
    if (found == data.end() || found->is_null()) return "-";
    return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string number_at(const Json& data, const char* key, const char* format) {
    const auto found = data.find(key);
    if (found == data.end() || !found->is_number()) return "-";
    char text[64];
    std::snprintf(text, sizeof text, format, found->get<double>());
    return text;
}

std::string bytes_at(const Json& data, const char* key) {
    const auto found = data.find(key);
    if (found == data.end() || !found->is_number()) return "-";
    return format_bytes(found->get<std::int64_t>());
}

std::string time_at(const Json& data, const char* key) {
    const auto found = data.find(key);
    if (found == data.end() || !found->is_number()) return "-";
    const auto seconds = static_cast<std::time_t>(found->get<double>());
    std::tm parts{};
    localtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    return text;
}

std::string counts_text(const Json& counts) {
    std::string text;
    for (const auto& [state, number] : counts.items())
        text += (text.empty() ? "" : ", ") + number.dump() + " " + state;
    return text.empty() ? "no jobs yet" : text;
}

std::string steps_text(const Json& job) {
    if (!job.contains("total_steps") || job["total_steps"] == 0) return "-";
    return job["step"].dump() + "/" + job["total_steps"].dump();
}

std::string lines_text(const Json& lines, const std::string& indent) {
    std::string text;
    for (const Json& line : lines) text += indent + line.get<std::string>() + "\n";
    return text;
}

std::string field(const char* name, const std::string& value) {
    char text[32];
    std::snprintf(text, sizeof text, "%-12s ", name);
    return text + value + "\n";
}

/// "3.25 device-seconds (2.00 died, 1.25 lost)", or nothing.
std::string lost_text(const Json& by_cause) {
    double sum = 0;
    std::string causes;
    char text[64];
    for (const auto& [cause, seconds] : by_cause.items()) {
        sum += seconds.get<double>();
        std::snprintf(text, sizeof text, "%.2f ", seconds.get<double>());
        causes += (causes.empty() ? "" : ", ") + std::string(text) + cause;
    }
    if (causes.empty()) return "";
    std::snprintf(text, sizeof text, "%.2f device-seconds (", sum);
    return text + causes + ")";
}

std::string lost_field(const Json& document) {
    const std::string lost = lost_text(document.value("lost_device_seconds", Json::object()));
    return lost.empty() ? "" : field("lost work", lost);
}

/// "32 samples x 2 x 2 ranks", and what it takes of the memory.
std::string plan_fields(const Json& job) {
    if (!job.contains("micro_batch")) return "";
    std::string text = field(
        "plan",
        "micro-batch " + job["micro_batch"].dump() + ", accumulation " +
            job["accumulation"].dump() + ", world size " + text_at(job, "world_size")
    );
    const Json memory = job.value("memory", Json::object());
    if (text_at(memory, "limit_bytes") == "-") return text;
    std::string peak = "predicted " + bytes_at(memory, "predicted_peak_bytes") + ", measured " +
                       bytes_at(memory, "measured_peak_bytes") + " of " +
                       bytes_at(memory, "limit_bytes") + ", " + bytes_at(memory, "headroom_bytes") +
                       " free";
    peak +=
        "; " + memory["ooms"].dump() + " out of memory, " + memory["replans"].dump() + " re-plans";
    return text + field("memory", peak);
}

std::string place_of(const Json& ranks) {
    std::string text;
    for (const Json& rank : ranks) {
        text +=
            (text.empty() ? "" : ", ") + text_at(rank, "agent") + " slot " + rank["slot"].dump();
    }
    return text;
}

std::string attempts_text(const Json& history) {
    if (history.empty()) return "";
    Rows rows = {{"attempt", "placed", "from", "to", "lost", "m", "a", "on", "end"}};
    for (const Json& attempt : history) {
        const Json& first = attempt["ranks"].front();
        std::string end = text_at(first, "outcome");
        if (!text_at(attempt, "stop_reason").empty()) end += ": " + text_at(attempt, "stop_reason");
        if (attempt["stop_reason"] == "" && first["reason"] != "")
            end += ": " + text_at(first, "reason");
        rows.push_back(
            {attempt["attempt"].dump(),
             time_at(attempt, "placed_at"),
             attempt["started_step"].dump(),
             attempt["stopped_step"].dump(),
             attempt["lost_steps"].dump(),
             attempt["plan"]["micro_batch"].dump(),
             attempt["plan"]["accumulation"].dump(),
             place_of(attempt["ranks"]),
             end}
        );
    }
    return table(rows);
}

}  // namespace

std::string table(const Rows& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    const bool bright = isatty(STDOUT_FILENO) != 0;
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < rows[r].size(); ++i) {
            const std::string& cell = rows[r][i];
            line += cell;
            if (i + 1 < rows[r].size()) line += std::string(widths[i] - width_of(cell) + 2, ' ');
        }
        text += r == 0 && bright ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
    }
    return text;
}

std::string sweeps_text(const Json& list) {
    if (list["sweeps"].empty()) return "no sweeps; \"batchwright submit FILE\" submits one\n";
    Rows rows = {{"SWEEP", "NAME", "STATE", "ENDED", "JOBS", "SUBMITTED"}};
    for (const Json& sweep : list["sweeps"]) {
        const std::string total = sweep["total"].is_null() ? "∞" : sweep["total"].dump();
        rows.push_back(
            {sweep["sweep"].dump(),
             text_at(sweep, "name"),
             text_at(sweep, "state"),
             sweep["ended"].dump() + "/" + total,
             counts_text(sweep["counts"]),
             time_at(sweep, "submitted_at")}
        );
    }
    const auto shown = list["sweeps"].size();
    std::string text = table(rows);
    if (list["total"] > shown)
        text += std::to_string(shown) + " of " + list["total"].dump() + " (--limit, --offset)\n";
    return text;
}

std::string sweep_text(const Json& sweep) {
    const std::string total = sweep["total"].is_null() ? "unbounded" : sweep["total"].dump();
    std::string text = field("sweep", sweep["sweep"].dump() + " " + text_at(sweep, "name"));
    text += field("state", text_at(sweep, "state"));
    text += field(
        "points", sweep["ended"].dump() + " of " + total + " ended; " + counts_text(sweep["counts"])
    );
    text += field("submitted", time_at(sweep, "submitted_at"));
    text += field("ended", time_at(sweep, "ended_at"));
    text += lost_field(sweep);
    text += field("results", text_at(sweep, "results"));
    if (!sweep["jobs"].empty()) text += "\n" + jobs_text({{"jobs", sweep["jobs"]}});
    return text;
}

std::string jobs_text(const Json& list) {
    Rows rows = {{"POINT", "STATE", "STEPS", "ATTEMPTS", "PARAMETERS", "REASON"}};
    for (const Json& job : list["jobs"]) {
        rows.push_back(
            {job["ordinal"].dump(),
             text_at(job, "state"),
             steps_text(job),
             job["attempts"].dump(),
             text_at(job, "label"),
             text_at(job, "reason")}
        );
    }
    std::string text = table(rows);
    if (list.contains("total") && list["total"] > list["jobs"].size()) {
        text += std::to_string(list["jobs"].size()) + " of " + list["total"].dump() +
                " (--limit, --offset)\n";
    }
    return text;
}

std::string job_text(const Json& job) {
    std::string text = field(
        "point",
        job["ordinal"].dump() + " of sweep " + job["sweep"].dump() + " " +
            text_at(job, "sweep_name")
    );
    text += field("state", text_at(job, "state"));
    if (job["reason"] != "") text += field("reason", text_at(job, "reason"));
    text += field("parameters", job["params"].dump());
    text += field("steps", steps_text(job));
    text += plan_fields(job);
    if (job["checkpoint"].is_object()) {
        text += field(
            "checkpoint",
            "step " + job["checkpoint"]["step"].dump() + ", " + text_at(job["checkpoint"], "path")
        );
    }
    text += field("retries", job["retries_used"].dump() + " of " + job["retries"].dump());
    text += lost_field(job);
    if (!job["epoch_values"].empty()) {
        const Json& last = job["epoch_values"].back();
        text += field("epoch", last["epoch"].dump() + ": " + last["values"].dump());
    }
    text += lines_text(job["explain"], "  ");
    const std::string attempts = attempts_text(job["history"]);
    return attempts.empty() ? text : text + "\n" + attempts;
}

std::string explain_text(const Json& document) {
    if (document.contains("lines")) {
        return "point " + document["ordinal"].dump() + " is " + text_at(document, "state") + "\n" +
               lines_text(document["lines"], "  ");
    }
    if (document.empty()) return "nothing waits: every point has ended\n";
    std::map<std::uint64_t, Json> by_ordinal;
    for (const auto& [ordinal, lines] : document.items()) by_ordinal[std::stoull(ordinal)] = lines;
    std::string text;
    for (const auto& [ordinal, lines] : by_ordinal)
        text += "point " + std::to_string(ordinal) + "\n" + lines_text(lines, "  ");
    return text;
}

namespace {

/// The metric of the sweep where a program measured one that has no column anyway; else empty.
std::string own_metric_of(const Json& board) {
    if (board["metric"].is_null()) return "";
    const std::string name = board["metric"]["name"];
    for (const char* column : {"test_accuracy", "test_loss", "train_loss", "samples_per_second"}) {
        if (name == column) return "";
    }
    for (const Json& row : board["rows"]) {
        if (row["metrics"].contains(name)) return name;
    }
    return "";
}

}  // namespace

std::string leaderboard_text(const Json& board) {
    if (board["rows"].empty()) return "no points\n";
    Rows rows = {{"RANK", "POINT"}};
    for (const auto& [name, value] : board["rows"].front()["params"].items())
        rows[0].push_back(name);
    const std::string own = own_metric_of(board);
    if (!own.empty()) rows[0].push_back(own);
    for (const char* name : {"TEST ACC", "TEST LOSS", "TRAIN LOSS", "SAMPLES/S", "STATE"})
        rows[0].emplace_back(name);
    for (const Json& row : board["rows"]) {
        std::vector<std::string> cells = {row["rank"].dump(), row["ordinal"].dump()};
        for (const auto& [name, value] : row["params"].items())
            cells.push_back(text_at(row["params"], name.c_str()));
        const Json& metrics = row["metrics"];
        if (!own.empty()) cells.push_back(number_at(metrics, own.c_str(), "%.6g"));
        cells.push_back(number_at(metrics, "test_accuracy", "%.4f"));
        cells.push_back(number_at(metrics, "test_loss", "%.4f"));
        cells.push_back(number_at(metrics, "train_loss", "%.4f"));
        cells.push_back(number_at(metrics, "samples_per_second", "%.0f"));
        cells.push_back(text_at(row, "state"));
        rows.push_back(std::move(cells));
    }
    return table(rows);
}

std::string verify_text(const Json& report) {
    const bool ok = report["ok"].get<bool>(), complete = report["complete"].get<bool>();
    std::string text = "sweep " + report["sweep"].dump() + ": ";
    text += !ok ? "NOT PROVEN" : (complete ? "proven complete" : "sound so far, not over");
    text += "\n  " + report["events"].dump() + " events, " + report["points"].dump() +
            " points: " + counts_text(report["ended"]) + "; " + report["open"].dump() +
            " without an end\n  " + report["attempts"].dump() + " attempts, " +
            report["checkpoints"].dump() + " checkpoints, " + report["resumes"].dump() +
            " resumes\n";
    return text + lines_text(report["problems"], "  ");
}

std::string agents_text(const Json& list) {
    if (list["agents"].empty()) return "no agents; \"batchwright worker\" starts one\n";
    Rows rows = {{"AGENT", "STATE", "HOST", "SLOTS", "BUSY WITH"}};
    for (const Json& agent : list["agents"]) {
        std::string busy;
        for (const Json& slot : agent["slots"]) {
            if (slot["busy"].is_null()) continue;
            busy += (busy.empty() ? "" : ", ") + slot["busy"]["sweep"].dump() + "/" +
                    slot["busy"]["ordinal"].dump();
        }
        std::string state = text_at(agent, "state");
        if (state == "drained") state += ": " + text_at(agent, "drain_reason");
        rows.push_back(
            {text_at(agent, "name"),
             state,
             text_at(agent, "host"),
             std::to_string(agent["slots"].size()),
             busy.empty() ? "-" : busy}
        );
    }
    return table(rows);
}

std::string agent_command_text(const Json& agent) {
    std::string text = "agent " + text_at(agent, "name") + " is " + text_at(agent, "state") + "\n";
    for (const Json& job : agent["running_there"]) {
        text += "  " + job["sweep"].dump() + "/" + job["ordinal"].dump() + ": " +
                text_at(job, "state") + "\n";
    }
    return text;
}

std::string command_text(const Json& outcome) {
    std::string text = "sweep " + outcome["sweep"].dump() + ": " +
                       std::to_string(outcome["changed"].size()) + " points changed\n";
    for (const Json& job : outcome["changed"]) {
        text += "  point " + job["ordinal"].dump() + ": " + text_at(job, "before") + " -> " +
                text_at(job, "after");
        if (!job["stopping"].is_null()) text += " (" + text_at(job, "stopping") + ")";
        text += "\n";
    }
    for (const Json& job : outcome["unchanged"])
        text += "  point " + job["ordinal"].dump() + ": " + text_at(job, "why") + "\n";
    return text;
}

}  // namespace bw::cli
