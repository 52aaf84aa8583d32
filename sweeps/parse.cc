#include "sweeps/parse.h"

#include "sweeps/sweep_reader.h"
#include "sweeps/trainer_check.h"

namespace bw::sweeps {
namespace {

// The language knows more than this version runs; what it cannot run it refuses before anything
// starts.
void refuse_unsupported(const ReadSweep& read, Problems& problems) {
    if (!read.method_entry) return;
    const Method method = read.sweep.method;
    if (method == Method::grid || method == Method::random) return;
    problems.error(
        read.method_entry->value.mark,
        "method",
        std::string(method == Method::bayes ? "bayes" : "custom") +
            " needs a searcher that this version does not have; use random, or grid"
    );
}

void warn_unsupported(const Element& root, Problems& problems) {
    if (const Entry* stop = find_entry(root, "early_terminate")) {
        problems.warning(
            stop->mark,
            "early_terminate",
            "not applied by this version: every point runs to its end"
        );
    }
}

}  // namespace

Parsed parse_sweep(std::string_view text) {
    const YamlTree tree = read_yaml(text);
    Problems problems;
    for (const Diagnostic& one : tree.diagnostics) {
        one.severity == Severity::error ? problems.error(one.mark, one.path, one.message)
                                        : problems.warning(one.mark, one.path, one.message);
    }
    if (!tree.root) return {std::nullopt, std::move(problems).sorted()};
    ReadSweep read = read_sweep(*tree.root, problems);
    refuse_unsupported(read, problems);
    warn_unsupported(*tree.root, problems);
    if (!read.sweep.external && read.parameters_entry != nullptr) {
        check_training_space(
            {read.parameters_entry, read.options_entry, read.parameters, read.sweep.options},
            problems
        );
    }
    Parsed parsed;
    if (!problems.has_error()) parsed.sweep = std::move(read.sweep);
    parsed.diagnostics = std::move(problems).sorted();
    return parsed;
}

}  // namespace bw::sweeps
