// exact_batch [STEPS] [DATA_PATH]: the equality table of the exact global batch, as Markdown. The
// same job runs under several layouts (world size w, micro-batch m) as real processes; the table
// shows how far the losses of its steps are apart. Without DATA_PATH a synthetic data set is used.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/worker/trainer/data/idx_fixture.h"
#include "tests/worker/trainer/process/layouts_fixture.h"

namespace {

void print_case(
    const bw::trainer::test::EqualityCase& equality,
    const std::string& data,
    const std::string& scratch
) {
    for (const auto& result : bw::trainer::test::run_layouts(equality, data, scratch)) {
        std::printf(
            "| %s | %s | %s | %g | %lld | %lld | %d | %lld | %lld | %lld..%lld | %.17g | %.2e |\n",
            equality.model.c_str(),
            equality.bn.c_str(),
            equality.precision.c_str(),
            equality.learning_rate,
            static_cast<long long>(equality.batch),
            static_cast<long long>(equality.group),
            result.layout.world_size,
            static_cast<long long>(result.micro_batch),
            static_cast<long long>(result.accumulation),
            static_cast<long long>(result.samples_min),
            static_cast<long long>(result.samples_max),
            result.losses.back(),
            result.deviation
        );
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int steps = argc > 1 ? std::atoi(argv[1]) : 50;
    const bw::trainer::test::TemporaryFolder folder;
    std::string data = argc > 2 ? argv[2] : "";
    if (data.empty()) {
        data = folder.path().string();
        bw::trainer::test::write_fashion_mnist(data, {.train = 400, .test = 40, .side = 16});
    }
    std::printf(
        "Largest relative difference of a step's loss from the first layout's, over %d steps.\n\n",
        steps
    );
    std::printf(
        "| model | bn | precision | lr | B | g | w | m | a | samples/step | last loss | "
        "deviation |\n"
    );
    std::printf("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (const char* precision : {"fp64", "fp32"}) {
        for (const auto& equality : bw::trainer::test::equality_cases(precision, steps)) {
            print_case(equality, data, folder.path().string());
        }
    }
    return EXIT_SUCCESS;
}
