#include "models/catalog/catalog.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace bw::models {
namespace {

TEST(Catalog, IsSortedAndNoNameStandsTwice) {
    std::set<std::string_view> names;
    std::string_view before;
    for (const ModelInfo& model : catalog()) {
        EXPECT_LT(before, model.name);
        before = model.name;
        EXPECT_TRUE(names.insert(model.name).second) << model.name;
        for (const std::string_view alias : model.aliases)
            EXPECT_TRUE(names.insert(alias).second) << alias;
    }
}

TEST(Catalog, EveryModelIsFoundByEachOfItsNamesAndTakesItsNativeInput) {
    for (const ModelInfo& model : catalog()) {
        EXPECT_EQ(find_model(model.name), &model);
        for (const std::string_view alias : model.aliases) EXPECT_EQ(find_model(alias), &model);
        EXPECT_EQ(input_problem(model, model.channels, model.resolution), std::nullopt)
            << model.name;
        EXPECT_GT(model.parameters, 0) << model.name;
        EXPECT_GT(model.macs, 0) << model.name;
    }
    EXPECT_EQ(find_model("no such network"), nullptr);
    EXPECT_EQ(find_model(""), nullptr);
}

TEST(Catalog, RefusesWhatANetworkCannotTakeAndNamesTheLimit) {
    const ModelInfo* lenet = find_model("lenet_bn");
    ASSERT_NE(lenet, nullptr);
    EXPECT_EQ(input_problem(*lenet, 3, 28), "lenet_bn takes images of 1 channel, not of 3");
    EXPECT_EQ(input_problem(*lenet, 1, 32), "lenet_bn takes images of 28 pixels only, not of 32");
    const ModelInfo* cnn = find_model("cnn");
    EXPECT_EQ(input_problem(*cnn, 3, 3), "cnn takes images of at least 4 pixels, not of 3");
    EXPECT_EQ(input_problem(*cnn, 7, 33), std::nullopt);
    const ModelInfo* mixer = find_model("mlpmixer");
    EXPECT_EQ(
        input_problem(*mixer, 1, 28),
        "mlpmixer takes images whose side is a multiple of 16 pixels (its patch size), not of 28"
    );
}

}  // namespace
}  // namespace bw::models
