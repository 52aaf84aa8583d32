#include "cli/live_view.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"

namespace bw::cli {

namespace {

constexpr std::size_t kBarCells = 24;
constexpr std::size_t kRunningLinesMax = 16;

std::size_t terminal_columns() {
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 100;
}

// JSON has no NaN: the API sends null for it.
double number_at(const nlohmann::json& data, const char* key) {
    const auto found = data.find(key);
    const bool is_number = found != data.end() && found->is_number();
    return is_number ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string format(const char* pattern, auto... values) {
    char text[512];
    std::snprintf(text, sizeof text, pattern, values...);
    return text;
}

std::string format_seconds(double seconds) {
    const auto total = static_cast<long>(seconds + 0.5);
    if (total >= 3600) return format("%ldh%02ldm", total / 3600, total / 60 % 60);
    if (total >= 60) return format("%ldm%02lds", total / 60, total % 60);
    return format("%lds", total);
}

/// "m 32 a 2 w 2  13.90 of 15.00 MiB": the predicted peak and the limit of a device.
std::string plan_text(const nlohmann::json& data, std::int64_t world_size) {
    std::string text = "m " + data["micro_batch"].dump() + " a " + data["accumulation"].dump() +
                       " w " + std::to_string(world_size);
    const auto memory = data.find("memory");
    if (memory == data.end() || !(*memory)["limit_bytes"].is_number() ||
        !(*memory)["predicted_peak_bytes"].is_number())
        return text;
    return text + "  " + format_bytes((*memory)["predicted_peak_bytes"].get<std::int64_t>()) +
           " of " + format_bytes((*memory)["limit_bytes"].get<std::int64_t>());
}

}  // namespace

LiveView::LiveView(Style style) : style_(style), started_(std::chrono::steady_clock::now()) {}

LiveView::~LiveView() { erase(); }

void LiveView::on_event(const std::string& name, const nlohmann::json& data) {
    if (name == "snapshot") on_snapshot(data);
    if (name == "job") on_job(data);
    if (name == "progress") on_progress(data);
    if (name == "epoch") on_epoch(data);
}

void LiveView::on_snapshot(const nlohmann::json& data) {
    sweep_name_ = data.value("name", "");
    total_.reset();
    if (data.contains("total") && data["total"].is_number())
        total_ = data["total"].get<std::uint64_t>();
    ended_ = data.value("ended", std::uint64_t{0});
    unsuccessful_ = data.value("unsuccessful", std::uint64_t{0});
    jobs_.clear();
    for (const nlohmann::json& job : data["jobs"]) {
        Job& known = jobs_[job.value("ordinal", std::uint64_t{0})];
        known.label = job.value("label", "");
        known.state = job.value("state", "");
        known.step = job.value("step", std::int64_t{0});
        known.total_steps = job.value("total_steps", std::int64_t{0});
        known.world_size = job.value("world_size", std::int64_t{0});
    }
    share_at_start_ = done_share();
    started_ = std::chrono::steady_clock::now();
}

void LiveView::on_job(const nlohmann::json& data) {
    const auto ordinal = data.value("ordinal", std::uint64_t{0});
    const std::string state = data.value("state", "");
    const std::string reason = data.value("reason", "");
    Job& job = jobs_[ordinal];
    const bool changed = job.state != state;
    job.state = state;
    job.label = data.value("label", job.label);
    job.world_size = data.value("world_size", job.world_size);
    if (data.contains("step")) job.step = data.value("step", std::int64_t{0});
    const bool is_problem =
        state == "failed" || state == "refused" || (state == "waiting_retry" && !reason.empty());
    const std::string head =
        format("point %llu (%s)", static_cast<unsigned long long>(ordinal), job.label.c_str());
    if (is_problem) {
        say(head + ": " + state + ": " + reason);
    } else if (style_ == Style::plain && changed && state != "queued") {
        const std::string resumed =
            state == "running" && job.step > 0 ? " from step " + std::to_string(job.step) : "";
        say(head + ": " + state + resumed);
    }
    if (!data.value("over", false)) return;
    ++ended_;
    if (data.value("unsuccessful", false)) ++unsuccessful_;
    jobs_.erase(ordinal);
}

void LiveView::on_progress(const nlohmann::json& data) {
    const auto found = jobs_.find(data.value("ordinal", std::uint64_t{0}));
    if (found == jobs_.end()) return;
    Job& job = found->second;
    job.step = data.value("step", job.step);
    job.total_steps = data.value("total_steps", job.total_steps);
    job.loss = number_at(data, "loss");
    job.samples_per_second = number_at(data, "samples_per_second");
    follow_plan(found->first, job, data);
}

void LiveView::follow_plan(std::uint64_t ordinal, Job& job, const nlohmann::json& data) {
    if (!data.contains("micro_batch")) return;
    const std::string plan = plan_text(data, job.world_size);
    const auto ooms = data.contains("memory") ? data["memory"].value("ooms", std::int64_t{0}) : 0;
    const bool ran_out = ooms > job.ooms && !job.plan.empty();
    const bool is_news = plan != job.plan;
    const std::string before = std::exchange(job.plan, plan);
    job.ooms = ooms;
    if (!is_news || (style_ != Style::plain && !ran_out)) return;
    const auto number = static_cast<unsigned long long>(ordinal);
    say(format("point %llu (%s): %s", number, job.label.c_str(), plan.c_str()) +
        (ran_out ? " after it ran out of memory with " + before : ""));
}

void LiveView::on_epoch(const nlohmann::json& data) {
    if (style_ != Style::plain) return;
    const auto ordinal = data.value("ordinal", std::uint64_t{0});
    const nlohmann::json values = data.value("values", nlohmann::json::object());
    std::string line = format(
        "point %llu (%s): epoch %d:",
        static_cast<unsigned long long>(ordinal),
        jobs_[ordinal].label.c_str(),
        data.value("epoch", 0)
    );
    const char* before = " ";
    const auto add = [&](const char* label, double value) {
        if (std::isfinite(value))
            line += std::exchange(before, ", ") + std::string(label) + format(" %.4f", value);
    };
    add("train loss", number_at(values, "train_loss"));
    add("test accuracy", number_at(values, "test_accuracy"));
    for (const auto& [name, value] : values.items()) {
        const bool is_builtin = name.starts_with("train_") || name.starts_with("test_");
        if (!is_builtin) add(name.c_str(), number_at(values, name.c_str()));
    }
    say(line);
}

double LiveView::done_share() const {
    if (!total_ || *total_ == 0) return 0;
    double done = static_cast<double>(ended_);
    for (const auto& [ordinal, job] : jobs_) {
        if (job.total_steps > 0)
            done += static_cast<double>(job.step) / static_cast<double>(job.total_steps);
    }
    return std::min(1.0, done / static_cast<double>(*total_));
}

std::string LiveView::remaining_time() const {
    const double gained = done_share() - share_at_start_;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    if (gained <= 0.005 || elapsed.count() < 1) return "";
    return ", about " + format_seconds(elapsed.count() * (1 - done_share()) / gained) + " left";
}

std::string LiveView::bar_line() const {
    const double share = done_share();
    const auto filled = static_cast<std::size_t>(share * kBarCells);
    std::string bar;
    for (std::size_t i = 0; i < kBarCells; ++i) bar += i < filled ? "█" : "░";
    const std::string total = total_ ? std::to_string(*total_) : "∞";
    std::string line =
        sweep_name_ + " " + bar + " " + std::to_string(ended_) + "/" + total + " points";
    if (unsuccessful_ > 0)
        line += format(" (%llu not successful)", static_cast<unsigned long long>(unsuccessful_));
    return line + remaining_time();
}

std::string LiveView::job_line(std::uint64_t ordinal, const Job& job) const {
    std::string line =
        format("  %4llu  %-44.44s ", static_cast<unsigned long long>(ordinal), job.label.c_str());
    if (job.state != "running" || job.total_steps == 0) return line + job.state;
    line += format(
        "step %lld/%lld", static_cast<long long>(job.step), static_cast<long long>(job.total_steps)
    );
    if (!job.plan.empty()) line += "  " + job.plan;
    if (job.samples_per_second > 0)
        line += format("  loss %.4f  %.0f samples/s", job.loss, job.samples_per_second);
    return line;
}

void LiveView::erase() {
    for (; lines_drawn_ > 0; --lines_drawn_) std::fputs("\033[1A\033[2K", stderr);
    std::fflush(stderr);
}

void LiveView::draw() {
    if (style_ != Style::terminal || sweep_name_.empty()) return;
    erase();
    std::vector<std::string> lines = {bar_line()};
    for (const auto& [ordinal, job] : jobs_) {
        const bool active =
            job.state == "running" || job.state == "starting" || job.state == "preempting";
        if (active && lines.size() <= kRunningLinesMax) lines.push_back(job_line(ordinal, job));
    }
    const std::size_t columns = terminal_columns();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // The bar holds characters of three bytes; job lines are ASCII and are cut so that they
        // never wrap.
        if (i > 0 && lines[i].size() >= columns) lines[i].resize(columns - 1);
        std::fprintf(stderr, "%s\n", lines[i].c_str());
    }
    lines_drawn_ = lines.size();
    std::fflush(stderr);
}

void LiveView::say(const std::string& line) {
    if (style_ == Style::silent) return;
    erase();
    std::fprintf(stderr, "%s\n", line.c_str());
    draw();
}

}  // namespace bw::cli
