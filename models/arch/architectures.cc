#include "models/arch/architectures.h"

#include <algorithm>

namespace bw::models {

const Architectures& architectures() {
    static const Architectures all = [] {
        Architectures list;
        list_convnets(list);
        list_mixers(list);
        return list;
    }();
    return all;
}

const Architecture* find_architecture(std::string_view name) {
    const auto& all = architectures();
    const auto found = std::ranges::find(all, name, &Architecture::name);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace bw::models
