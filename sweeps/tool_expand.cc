#include <algorithm>
#include <limits>

#include "sweeps/grid.h"
#include "sweeps/points.h"
#include "sweeps/tool_document.h"

namespace bw::sweeps {
namespace {

constexpr std::size_t kPieceBytes = 64u << 10;

// The parameters as the file has them, not as the built-in trainer completes them.
Map params_at(const Sweep& sweep, std::uint64_t ordinal) {
    return sweep.method == Method::grid ? grid_params(sweep.parameters, ordinal)
                                        : random_params(sweep, ordinal);
}

void write_configs(const Sweep& sweep, std::uint64_t begin, std::uint64_t end, const Sink& sink) {
    std::string piece = "\"configs\":[";
    for (std::uint64_t ordinal = begin; ordinal < end; ++ordinal) {
        if (ordinal > begin) piece += ',';
        piece += to_json(Value{params_at(sweep, ordinal)});
        if (piece.size() < kPieceBytes) continue;
        sink(piece);
        piece.clear();
    }
    sink(piece + "]}");
}

}  // namespace

int expand_tool(std::string_view text, const ExpandOptions& options, const Sink& sink) {
    const ToolDocument document = read_document(text, options.compat);
    const Sweep& sweep = document.sweep;
    if (document.refused) {
        sink(to_json(refusal(document, options.compat)));
        return 2;
    }
    std::optional<std::uint64_t> size;
    if (sweep.method == Method::grid) size = grid_size(sweep.parameters);
    if (sweep.method == Method::random && sweep.run_cap)
        size = static_cast<std::uint64_t>(*sweep.run_cap);
    if (is_searched(sweep) || sweep.method == Method::bayes) {
        sink(to_json(refusal(
            "method: points of this search depend on results; ask for the next ones", document.wandb
        )));
        return 2;
    }
    if (!size && !options.limit) {
        sink(to_json(
            refusal("run_cap: a random search without it never ends; give a limit", document.wandb)
        ));
        return 2;
    }
    std::uint64_t end = size.value_or(std::numeric_limits<std::uint64_t>::max());
    const std::uint64_t begin = std::min(options.offset, end);
    if (options.limit && *options.limit < end - begin) end = begin + *options.limit;
    std::string head =
        "{\"points\":" + (size ? to_json(integer_value(*size)) : std::string("null")) + ",";
    if (sweep.run_cap) head += "\"run_cap\":" + std::to_string(*sweep.run_cap) + ",";
    sink(head);
    write_configs(sweep, begin, end, sink);
    return 0;
}

}  // namespace bw::sweeps
