#include "models/arch/architectures.h"

#include <algorithm>

namespace bw::models {

namespace {

Architectures list_all() {
    Architectures all;
    for (const auto list : {
             list_convnets,    list_alexnets,       list_vggs,           list_nins,
             list_resnets,     list_densenets,      list_mobilenets_v1,  list_mobilenets_v2,
             list_googlenets,  list_inceptions,     list_darknets,       list_xceptions,
             list_squeezenets, list_shufflenets_v1, list_shufflenets_v2, list_efficientnets,
             list_vits,        list_mixers,         list_resmlps,        list_gmlps,
         }) {
        list(all);
    }
    return all;
}

}  // namespace

const Architectures& architectures() {
    static const Architectures all = list_all();
    return all;
}

const Architecture* find_architecture(std::string_view name) {
    const auto& all = architectures();
    const auto found = std::ranges::find(all, name, &Architecture::name);
    return found == all.end() ? nullptr : &*found;
}

std::function<void(Network&)> initialise_with(const NetworkInit& init) {
    return [init](Network& network) { initialise(network, init); };
}

}  // namespace bw::models
