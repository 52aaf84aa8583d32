// The API's documents as text for people: aligned, short, coloured only on a terminal.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bw::cli {

using Json = nlohmann::json;

/// Columns two blanks apart, widths in characters; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// One per kind of document.
std::string sweeps_text(const Json& list);
std::string sweep_text(const Json& sweep);
std::string jobs_text(const Json& list);
std::string job_text(const Json& job);
std::string explain_text(const Json& document);
std::string leaderboard_text(const Json& board);
std::string verify_text(const Json& report);
std::string agents_text(const Json& list);
std::string agent_command_text(const Json& agent);
std::string command_text(const Json& outcome);

}  // namespace bw::cli
