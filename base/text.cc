#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

namespace bw {
namespace {

// Optimal string alignment distance (Damerau-Levenshtein without repeated edits), letters compared
// without case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(
        a.size() + 1, std::vector<std::size_t>(b.size() + 1)
    );
    const auto same = [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    };
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = cost[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> known) {
    std::string_view best;
    std::size_t best_distance =
        std::min<std::size_t>(3, std::max<std::size_t>(1, wrong.size() / 3)) + 1;
    for (const std::string_view name : known) {
        const std::size_t distance = edit_distance(wrong.substr(0, 64), name);
        if (distance < best_distance) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> known) {
    const std::string_view best = nearest_name(wrong, known);
    return best.empty() ? "" : "; did you mean \"" + std::string(best) + "\"?";
}

std::string quoted(std::string_view text) {
    std::size_t shown = std::min(text.size(), kQuotedBytesMax);
    const auto continues = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    // Not within a character of UTF-8: the message goes into JSON and to terminals.
    while (shown > 0 && shown < text.size() && continues(shown)) --shown;
    std::string out = "\"";
    for (const char c : text.substr(0, shown)) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    return out + (text.size() > shown ? "...\"" : "\"");
}

}  // namespace bw
