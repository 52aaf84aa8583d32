// The sweeps that are shipped: every one is right, and the seed's table is whole.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "models/catalog/catalog.h"
#include "models/catalog/seed_table.h"
#include "sweeps/parse.h"
#include "sweeps/points.h"

namespace bw::sweeps {
namespace {

namespace fs = std::filesystem;

const fs::path kExamples = fs::path(BW_TEST_DATA) / "../../sweeps/examples";

Parsed parsed(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return parse_sweep(text.str());
}

std::string text_of(const Point& point, std::string_view name) {
    const Value* value = find_value(point.params, name);
    const auto* word = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    return word == nullptr ? std::string() : *word;
}

TEST(Examples, HaveNothingToComplainAbout) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(kExamples)) {
        if (entry.path().extension() != ".yaml") continue;
        const Parsed sweep = parsed(entry.path());
        EXPECT_TRUE(sweep.sweep.has_value()) << entry.path();
        for (const Diagnostic& one : sweep.diagnostics)
            ADD_FAILURE() << render(one, entry.path().string());
        ++count;
    }
    EXPECT_GE(count, 3);
}

TEST(Examples, TheSeedsTableHasEveryNetworkOfIt) {
    const Parsed file = parsed(kExamples / "seed_table.yaml");
    ASSERT_TRUE(file.sweep.has_value());
    EXPECT_EQ(point_count(*file.sweep), 26U);
    std::set<std::string_view> names;
    int with_recipe = 0;
    for (std::uint64_t i = 0; const auto point = point_at(*file.sweep, i); ++i) {
        const auto* model = models::find_model(text_of(*point, "model"));
        ASSERT_NE(model, nullptr);
        names.insert(model->name);
        with_recipe += text_of(*point, "recipe") == "seed" ? 1 : 0;
        EXPECT_EQ(text_of(*point, "dataset"), "cifar10");
    }
    EXPECT_EQ(with_recipe, 5);
    EXPECT_EQ(names.size(), 21U);
    for (const models::ModelInfo& info : models::catalog()) {
        if (models::find_seed_row(info.name) == nullptr) continue;
        // "resnet_seed" is trained as what its name means now.
        const auto* now = models::find_model(info.name.substr(0, info.name.find("_seed")));
        ASSERT_NE(now, nullptr) << info.name;
        EXPECT_TRUE(names.contains(now->name)) << info.name;
    }
}

}  // namespace
}  // namespace bw::sweeps
