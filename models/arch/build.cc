#include "models/arch/build.h"

#include <string>

#include "base/text.h"
#include "models/arch/architectures.h"
#include "models/arch/layers.h"
#include "models/catalog/catalog.h"

namespace bw::models {

void Network::disable_dropout() {
    for (const auto& module : modules()) {
        if (auto* dropout = dynamic_cast<Dropout*>(module.get())) dropout->disable();
        if (auto* depth = dynamic_cast<StochasticDepth*>(module.get())) depth->disable();
    }
}

namespace {

Result<const Architecture*> choose(std::string_view name, int classes, InputShape input) {
    const ModelInfo* info = find_model(name);
    const auto* architecture = find_architecture(info == nullptr ? name : info->name);
    if (architecture == nullptr)
        return fail(Errc::not_found, "no network is called " + quoted(name));
    if (classes < 1) return fail(Errc::unsupported, "a network needs at least one class");
    if (info != nullptr) {
        const auto problem = input_problem(*info, input.channels, input.height);
        if (problem) return fail(Errc::unsupported, *problem);
    }
    return architecture;
}

}  // namespace

Result<std::shared_ptr<Network>> construct_network(
    std::string_view name, int classes, InputShape input
) {
    const auto architecture = choose(name, classes, input);
    if (!architecture) return architecture.error();
    return (*architecture)->construct({.classes = classes, .input = input});
}

Result<std::shared_ptr<Network>> build_network(
    std::string_view name, int classes, InputShape input
) {
    const auto architecture = choose(name, classes, input);
    if (!architecture) return architecture.error();
    auto network = (*architecture)->construct({.classes = classes, .input = input});
    (*architecture)->initialise(*network);
    return network;
}

}  // namespace bw::models
