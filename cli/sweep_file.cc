#include "cli/sweep_file.h"

#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "sweeps/parse.h"

namespace bw::cli {

Result<SweepFile> load_sweep_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return text.error();
    sweeps::Parsed parsed = sweeps::parse_sweep(*text);
    std::string lines;
    for (const sweeps::Diagnostic& diagnostic : parsed.diagnostics) {
        lines += sweeps::render(diagnostic, path) + "\n";
    }
    if (!parsed.sweep) {
        if (!lines.empty()) lines.pop_back();
        return fail(Errc::invalid_input, lines);
    }
    return SweepFile{
        std::filesystem::absolute(path).string(), *text, std::move(*parsed.sweep), lines};
}

int report(const Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    const bool of_input = error.code == Errc::invalid_input || error.code == Errc::not_found;
    return of_input ? coordinator::kExitBadInput : coordinator::kExitInternal;
}

}  // namespace bw::cli
