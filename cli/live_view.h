// What a person sees while a sweep runs: on a terminal a bar with the remaining time and a line per
// running job, redrawn in place; otherwise one plain line per thing that happened. Writes to stderr
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace bw::cli {

class LiveView {
public:
    /// `is_terminal`: whether stderr is one.
    enum class Style { terminal, plain, silent };
    explicit LiveView(Style style);
    ~LiveView();  // leaves the terminal clean

    /// An event of the stream of /api/v1/sweeps/ID/events.
    void on_event(const std::string& name, const nlohmann::json& data);

    /// Redraws; call a few times a second.
    void draw();

    /// A line of its own above the picture.
    void say(const std::string& line);

private:
    struct Job {
        std::string label, state;
        std::int64_t step = 0, total_steps = 0;
        double loss = 0, samples_per_second = 0;
        std::string plan;  // "m 32 a 2 w 2", with its memory where there is a limit
        std::int64_t world_size = 0, ooms = 0;
    };

    void on_snapshot(const nlohmann::json& data);
    void on_job(const nlohmann::json& data);
    void on_progress(const nlohmann::json& data);
    void on_epoch(const nlohmann::json& data);
    void follow_plan(std::uint64_t ordinal, Job& job, const nlohmann::json& data);
    void erase();
    [[nodiscard]] std::string bar_line() const;
    [[nodiscard]] std::string job_line(std::uint64_t ordinal, const Job& job) const;
    [[nodiscard]] double done_share() const;
    [[nodiscard]] std::string remaining_time() const;

    Style style_;
    std::string sweep_name_;
    std::optional<std::uint64_t> total_;
    std::uint64_t ended_ = 0, unsuccessful_ = 0;
    std::map<std::uint64_t, Job> jobs_;  // by ordinal; unfinished ones only
    std::size_t lines_drawn_ = 0;
    double share_at_start_ = 0;
    std::chrono::steady_clock::time_point started_;
};

}  // namespace bw::cli
