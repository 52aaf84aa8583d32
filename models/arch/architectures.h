// The explicit table from a network's name to what builds it. A family lists its sizes in one
// function below; adding a size is one line in that family's file, adding a family one line here
// and one in architectures.cc.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/arch/build.h"

namespace bw::models {

struct NetworkRequest {
    int classes = 10;
    InputShape input;
};

/// `construct` leaves the parameters uninitialised (cheap, also for the largest); `initialise`
/// fills them.
struct Architecture {
    std::string name;
    std::function<std::shared_ptr<Network>(const NetworkRequest&)> construct;
    std::function<void(Network&)> initialise;
};

using Architectures = std::vector<Architecture>;

void list_convnets(Architectures& all);  // cnn, lenet_bn
void list_mixers(Architectures& all);    // MLP-Mixer

/// All of them, in no particular order.
const Architectures& architectures();

/// nullptr when there is none of this name.
const Architecture* find_architecture(std::string_view name);

}  // namespace bw::models
