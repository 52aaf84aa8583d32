#include "sweeps/search/space.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/sweeps/search/axes_fixture.h"

namespace bw::search {
namespace {

using sweeps::Distribution;

const Axis& axis_of(const Space& space, std::string_view name) {
    for (const Axis& axis : space.axes()) {
        if (axis.parameter.name == name) return axis;
    }
    ADD_FAILURE() << name;
    return space.axes().front();
}

TEST(Space, NumericListsAreOrderedByValueAndNamesAreNot) {
    const Space space(mixed_parameters());
    const Axis& batch = axis_of(space, "batch");
    EXPECT_EQ(batch.kind, AxisKind::ordered);
    ASSERT_EQ(batch.values.size(), 3u);
    EXPECT_EQ(batch.values[0], integer(8));
    EXPECT_EQ(batch.values[2], integer(512));
    EXPECT_DOUBLE_EQ(batch.shares[0], 0.5) << "8 stands twice in the list";
    EXPECT_EQ(axis_of(space, "schedule").kind, AxisKind::unordered);
    EXPECT_EQ(axis_of(space, "dropout").kind, AxisKind::continuous);
}

TEST(Space, AMultipleOfQIsAsWideAsTheDrawsThatAreRoundedToIt) {
    const Space space(mixed_parameters());
    const Axis& width = axis_of(space, "width");  // 1..9, q 4: 1 and 2 round to 0, half to even
    ASSERT_EQ(width.values.size(), 3u);
    EXPECT_EQ(width.values[0], integer(0));
    EXPECT_EQ(width.values[2], integer(8));
    EXPECT_NEAR(width.shares[0], 1.0 / 8, 1e-12);
    EXPECT_NEAR(width.shares[1], 4.0 / 8, 1e-12);
    EXPECT_NEAR(width.shares[2], 3.0 / 8, 1e-12);
}

TEST(Space, DecodingAndEncodingAreInverse) {
    const Space space(mixed_parameters());
    Rng rng(5);
    for (int i = 0; i < 200; ++i) {
        std::vector<double> u(space.size());
        for (double& x : u) x = rng.uniform();
        const Coords coords = space.at(u);
        const auto back = space.encode(space.decode(coords));
        ASSERT_TRUE(back);
        for (std::size_t k = 0; k < coords.size(); ++k) EXPECT_NEAR((*back)[k], coords[k], 1e-9);
    }
}

TEST(Space, ConstantsRideAlongAndNestedParametersNest) {
    const Space space(mixed_parameters());
    EXPECT_EQ(space.size(), 7u);
    const Assignment params = space.decode(Coords(space.size(), 0.0));
    EXPECT_EQ(*sweeps::find_value(params, "epochs"), integer(3));
    const auto* optimizer =
        std::get_if<sweeps::Map>(&sweeps::find_value(params, "optimizer")->data);
    ASSERT_NE(optimizer, nullptr);
    EXPECT_DOUBLE_EQ(number_at(*optimizer, "lr"), 1e-5);
}

TEST(Space, WhatTheSpaceDoesNotHoldIsNotEncoded) {
    const Space space(mixed_parameters());
    Assignment params = space.decode(Coords(space.size(), 0.5));
    EXPECT_TRUE(space.encode(params));
    for (auto& [name, value] : params) {
        if (name == "schedule") value = text("triangular");
    }
    EXPECT_FALSE(space.encode(params));
    params.pop_back();
    EXPECT_FALSE(space.encode(params));
}

TEST(Space, CountsItsPoints) {
    const std::vector<sweeps::Parameter> parameters = {
        bounded("layers", Distribution::int_uniform, 2, 12),
        listed("act", {text("relu"), text("tanh")})};
    EXPECT_EQ(Space(parameters).point_count(), 22.0);
    EXPECT_EQ(Space(mixed_parameters()).point_count(), std::nullopt);
}

}  // namespace
}  // namespace bw::search
