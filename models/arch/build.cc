#include "models/arch/build.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "models/arch/architectures.h"
#include "models/arch/layers.h"
#include "models/catalog/catalog.h"

namespace bw::models {

void Network::move_to(torch::Device device, torch::Dtype type) {
    to(device);
    const auto convert = [type](torch::Tensor& tensor) {
        if (tensor.is_floating_point()) tensor.set_data(tensor.to(type));
    };
    for (auto& parameter : parameters()) convert(parameter);
    for (auto& buffer : buffers()) convert(buffer);
}

void Network::disable_dropout() {
    for (const auto& module : modules()) {
        if (auto* dropout = dynamic_cast<Dropout*>(module.get())) dropout->disable();
        if (auto* depth = dynamic_cast<StochasticDepth*>(module.get())) depth->disable();
    }
}

namespace {

Result<Architecture> choose(std::string_view name, int classes, InputShape input) {
    const ModelInfo* info = find_model(name);
    auto architecture = find_architecture(info == nullptr ? name : info->name);
    if (!architecture) return fail(Errc::not_found, "no network is called " + quoted(name));
    if (classes < 1) return fail(Errc::unsupported, "a network needs at least one class");
    if (info == nullptr) info = find_model(family_of(name));
    if (info != nullptr) {
        const auto problem = input_problem(*info, input.channels, input.height);
        if (problem) return fail(Errc::unsupported, *problem);
    }
    return std::move(*architecture);
}

}  // namespace

Result<std::shared_ptr<Network>> construct_network(
    std::string_view name, int classes, InputShape input
) {
    const auto architecture = choose(name, classes, input);
    if (!architecture) return architecture.error();
    return architecture->construct({.classes = classes, .input = input});
}

Result<std::shared_ptr<Network>> build_network(
    std::string_view name, int classes, InputShape input
) {
    const auto architecture = choose(name, classes, input);
    if (!architecture) return architecture.error();
    auto network = architecture->construct({.classes = classes, .input = input});
    architecture->initialise(*network);
    return network;
}

}  // namespace bw::models
