#include "models/catalog/seed_table.h"

#include <array>

namespace bw::models {

namespace {

constexpr std::array kRows = {
    SeedRow{"alexnet", "71.27 %, 58.32M, 1.13 GFLOPs"},
    SeedRow{"vgg11", "75.93 %, 128.81M, 7.63 GFLOPs"},
    SeedRow{"nin", "71.03 %, 2.02M, 0.833 GFLOPs"},
    SeedRow{"resnet_seed", "83.39 %, 11.18M, 1.82 GFLOPs"},
    SeedRow{"densenet40", "68.25 %, 0.18M, B_S = 8"},
    SeedRow{"mobilenetv1", "81.72 %, 3.22M, 0.582 GFLOPs"},
    SeedRow{"mobilenetv2", "83.99 %, 2.24M, 0.318 GFLOPs"},
    SeedRow{"googlenet", "80.28 %, 5.98M, 1.59 GFLOPs"},
    SeedRow{"inceptionv3_seed", "209.45 GFLOPs, high compute required"},
    SeedRow{"darknet53", "7.14 GFLOPs, high compute required"},
    SeedRow{"xception", "85.9 %, 20.83M, 4.63 GFLOPs, B_S = 96"},
    SeedRow{"resnext_seed", "69.41 GFLOPs, high compute required"},
    SeedRow{"senet_seed", "83.39 %, 11.23M, 1.82 GFLOPs"},
    SeedRow{"squeezenet_seed", "62.2 %, 0.73M, 2.64 GFLOPs, B_S = 64"},
    SeedRow{"shufflenet_seed", "2.03 GFLOPs, B_S = 32"},
    SeedRow{"efficientnetb0", "4.02M, 0.4 GFLOPs"},
    SeedRow{"vit", "53.59M"},
    SeedRow{"mlpmixer", "68.52 %, 13.63M"},
    SeedRow{"resmlp", "65.5 %, 14.97M"},
};

}  // namespace

const SeedRow* find_seed_row(std::string_view canonical_name) {
    for (const SeedRow& row : kRows) {
        if (row.model == canonical_name) return &row;
    }
    return nullptr;
}

}  // namespace bw::models
