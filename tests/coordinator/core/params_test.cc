#include "coordinator/core/params.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "sweeps/value.h"

namespace bw::core {
namespace {

std::string sample() {
    using sweeps::Value;
    const sweeps::Map inner = {
        {"batch_size", Value{std::int64_t{7}}}, {"list", Value{sweeps::List{Value{true}}}}};
    return sweeps::to_json(Value{sweeps::Map{
        {"tricky\"},{", Value{std::string("a\"b,\"batch_size\":9}")}},
        {"inner", Value{inner}},
        {"batch_size", Value{std::int64_t{64}}},
        {"lr", Value{0.5}},
        {"model", Value{std::string("cnn")}}}});
}

TEST(Params, AreFoundOnTheOutermostLevelOnly) {
    EXPECT_EQ(find_integer_param(sample(), "batch_size"), 64);
    EXPECT_EQ(find_text_param(sample(), "model"), "cnn");
    EXPECT_EQ(find_param(sample(), "lr"), "0.5");
    EXPECT_EQ(find_param(sample(), "list"), std::nullopt);
    EXPECT_EQ(find_param(sample(), "absent"), std::nullopt);
}

TEST(Params, OfAnotherTypeAreNotFound) {
    EXPECT_EQ(find_integer_param(sample(), "lr"), std::nullopt);
    EXPECT_EQ(find_integer_param(sample(), "model"), std::nullopt);
    EXPECT_EQ(find_text_param(sample(), "batch_size"), std::nullopt);
    EXPECT_EQ(find_text_param(R"({"a":"x\ny"})", "a"), std::nullopt);
}

TEST(Params, AnyBytesAreSafe) {
    Rng rng(11);
    const std::string json = sample();
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = json.substr(0, rng.below(json.size() + 1));
        for (std::uint64_t n = rng.below(4); n > 0 && !bytes.empty(); --n) {
            bytes[rng.below(bytes.size())] = "{}[]\",:\\x0"[rng.below(10)];
        }
        (void)find_integer_param(bytes, "batch_size");
        (void)find_text_param(bytes, "model");
    }
    EXPECT_EQ(find_param("", "a"), std::nullopt);
    EXPECT_EQ(find_param("{}", "a"), std::nullopt);
}

}  // namespace
}  // namespace bw::core
