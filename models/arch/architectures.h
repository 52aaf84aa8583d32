// The explicit table from a network's name to what builds it. A family lists its sizes in one
// function below; adding a size is one line in that family's file, adding a family one line here
// and one in architectures.cc.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/arch/build.h"
#include "models/arch/init.h"

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
    /// With all widths times a multiplier, where the paper has one.
    std::function<std::shared_ptr<Network>(const NetworkRequest&, double)> construct_scaled = {};
};

using Architectures = std::vector<Architecture>;

void list_convnets(Architectures& all);  // the seed's cnn and lenet_bn, and a perceptron
void list_alexnets(Architectures& all);
void list_vggs(Architectures& all);
void list_nins(Architectures& all);
void list_resnets(Architectures& all);  // ResNet, ResNeXt, SENet
void list_densenets(Architectures& all);
void list_mobilenets_v1(Architectures& all);
void list_mobilenets_v2(Architectures& all);
void list_googlenets(Architectures& all);
void list_inceptions(Architectures& all);
void list_darknets(Architectures& all);
void list_xceptions(Architectures& all);
void list_squeezenets(Architectures& all);
void list_shufflenets_v1(Architectures& all);
void list_shufflenets_v2(Architectures& all);
void list_efficientnets(Architectures& all);  // both versions
void list_vits(Architectures& all);
void list_mixers(Architectures& all);
void list_resmlps(Architectures& all);
void list_gmlps(Architectures& all);

/// All of them, in no particular order.
const Architectures& architectures();

/// By a canonical name, or a name or alias and a multiplier of its widths: "mobilenetv1_a0.6" (also
/// "_w0.6", "_x0.6" and "_0.6", as the papers and libraries write it). Nothing when there is none.
std::optional<Architecture> find_architecture(std::string_view name);

/// "mobilenetv1" of "mobilenetv1_a0.6"; the name itself where it holds no multiplier.
std::string_view family_of(std::string_view name);

/// An `initialise` that treats all layers of a kind alike.
std::function<void(Network&)> initialise_with(const NetworkInit& init);

}  // namespace bw::models
