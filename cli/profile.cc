// `batchwright profile`: the trainer measures, this prints and draws.
#include <cstdio>
#include <filesystem>

#include "base/bytes.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/plan_commands.h"
#include "cli/profile_request.h"
#include "cli/sweep_file.h"
#include "coordinator/results/gnuplot.h"
#include "sweeps/networks.h"

namespace bw::cli {
namespace {

using Json = nlohmann::json;

struct Part {
    const char* name;
    const char* what;
};

// In the order in which a step takes them.
constexpr Part kParts[] = {
    {"parameters", "the weights"},
    {"gradients", "their gradients"},
    {"optimizer", "the optimizer's state"},
    {"buffers", "BatchNorm's running statistics"},
    {"other", "sums, the optimizer's scratch, a header of 64 bytes for every block"},
    {"input", "the samples of the micro-batch"},
    {"activations", "what forward leaves for backward"},
    {"workspace", "what the moment of the peak takes beside"},
};

Result<plan::ProfileSubject> subject_of(const ProfileOptions& options) {
    plan::ProfileSubject subject;
    int end = 0;
    const int read = std::sscanf(
        options.input.c_str(),
        "%dx%dx%d%n",
        &subject.channels,
        &subject.height,
        &subject.width,
        &end
    );
    if (read != 3 || options.input[static_cast<std::size_t>(end)] != '\0') {
        return fail(
            Errc::invalid_input,
            "--input: expected CxHxW as in 3x224x224, found " + bw::quoted(options.input)
        );
    }
    const auto network = sweeps::find_network(options.model);
    if (!network) {
        return fail(
            Errc::invalid_input,
            "unknown model " + bw::quoted(options.model) + "; `batchwright models` lists them"
        );
    }
    subject.model = options.model;
    subject.classes = options.classes;
    subject.precision = options.precision;
    subject.optimizer = plan::optimizer_text(
        {.kind = options.optimizer,
         .momentum = options.momentum,
         .weight_decay = options.weight_decay}
    );
    subject.bn = network->has_batch_norm ? options.bn : "";
    subject.device = "cpu";
    subject.threads = options.threads;
    subject.torch = std::string(torch_version());
    subject.recompute = options.recompute;
    return subject;
}

void print(const ProfileOptions& options, const Json& answer) {
    const auto peak = answer["peak_bytes"].get<std::int64_t>();
    const auto predicted = answer["predicted_peak_bytes"].get<std::int64_t>();
    std::printf(
        "%s %s, %s, a micro-batch of %s in %s groups, %d thread(s)\n",
        options.model.c_str(),
        options.input.c_str(),
        options.optimizer.c_str(),
        answer["samples"].dump().c_str(),
        answer["groups"].dump().c_str(),
        options.threads
    );
    for (const auto& [name, what] : kParts) {
        const auto bytes = answer["bytes"][name].get<std::int64_t>();
        std::printf(
            "  %-12s %12s  %5.1f %%  %s\n",
            name,
            format_bytes(bytes).c_str(),
            100.0 * static_cast<double>(bytes) / static_cast<double>(peak),
            what
        );
    }
    std::printf("  %-12s %12s\n", "peak", format_bytes(peak).c_str());
    std::printf(
        "predicted from micro-batches of 4 and 8: %s (%+.3f %%)%s; %s events; %.1f ms\n",
        format_bytes(predicted).c_str(),
        100.0 * static_cast<double>(predicted - peak) / static_cast<double>(peak),
        answer["exact"].get<bool>() ? "" : ", by phases: kernels change with the size",
        answer["events"].dump().c_str(),
        answer["micro_batch_seconds"].get<double>() * 1e3
    );
    std::printf(
        "kept as %s/profiles/%s.profile\n",
        options.state_dir.c_str(),
        answer["key"].get<std::string>().c_str()
    );
}

/// The live bytes of two micro-batches and the update, event by event.
std::string timeline_script(
    const ProfileOptions& options, const Json& answer, const std::string& png
) {
    std::string script =
        "set terminal pngcairo size 1000,500\nset output '" + png + "'\nset title '" +
        options.model + " " + options.input + ", " + options.optimizer +
        ", m = " + answer["samples"].dump() +
        "' noenhanced\nset xlabel 'allocation or release'\nset ylabel 'MiB live'\nset yrange "
        "[0:*]\nset grid\nunset key\n";
    for (const Json& part : answer["parts"]) {
        const std::string at = part[0].dump();
        script += "set arrow from " + at + ", graph 0 to " + at +
                  ", graph 1 nohead lc rgb '#bbbbbb'\nset label '" + part[1].get<std::string>() +
                  "' at " + at + ", graph 0.02 rotate left offset 0.7,0\n";
    }
    script += "$live << EOD\n";
    for (const Json& point : answer["timeline"]) {
        script += point[0].dump() + " " + std::to_string(point[1].get<double>() / (1 << 20)) + "\n";
    }
    return script +
           "EOD\nplot $live using 1:2 with fillsteps fs solid 0.3, $live using 1:2 with "
           "steps lw 1.5\n";
}

}  // namespace

int profile(const ProfileOptions& options) {
    const auto subject = subject_of(options);
    if (!subject) return report(subject.error());
    const auto answer =
        request_profile(options.trainer, *subject, options.batch, options.group, options.state_dir);
    if (!answer) return report(answer.error());
    if (options.json) {
        std::printf("%s\n", answer->dump(2).c_str());
    } else {
        print(options, *answer);
    }
    if (options.plot.empty()) return coordinator::kExitOk;
    const auto png = std::filesystem::absolute(options.plot);
    const auto drawn =
        results::run_gnuplot(timeline_script(options, *answer, png.string()), png.parent_path());
    return drawn ? coordinator::kExitOk : report(drawn.error());
}

}  // namespace bw::cli
