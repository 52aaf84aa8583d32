// curve.csv: each step once, also over a resume.
#include "worker/trainer/attempt/curve.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/worker/trainer/data/idx_fixture.h"

namespace bw::trainer {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void append_steps(CurveFile& curve, std::int64_t from, std::int64_t to) {
    for (auto step = from; step <= to; ++step) {
        const CurveRow row{.step = step, .epoch = 0, .loss = 0.5, .samples = 8, .seconds = 1.25};
        ASSERT_TRUE(curve.append(row));
    }
}

TEST(Curve, RowsHaveTheDocumentedForm) {
    const test::TemporaryFolder folder;
    auto curve = CurveFile::create(folder.path() / "curve.csv", {}, 0);
    ASSERT_TRUE(curve);
    ASSERT_TRUE(curve->append({.step = 1, .epoch = 2, .loss = 0.1, .samples = 64, .seconds = 3.5}));
    EXPECT_EQ(
        text_of(folder.path() / "curve.csv"),
        "step,epoch,loss,samples,seconds\n1,2,0.10000000000000001,64,3.500\n"
    );
}

TEST(Curve, AResumeKeepsTheRowsUpToTheCheckpoint) {
    const test::TemporaryFolder folder;
    auto first = CurveFile::create(folder.path() / "a.csv", {}, 0);
    append_steps(*first, 1, 9);
    auto second = CurveFile::create(folder.path() / "b.csv", folder.path() / "a.csv", 6);
    ASSERT_TRUE(second) << second.error().message;
    append_steps(*second, 7, 8);
    std::ifstream in(folder.path() / "b.csv");
    std::string line;
    std::getline(in, line);
    for (int step = 1; step <= 8; ++step) {
        ASSERT_TRUE(std::getline(in, line));
        EXPECT_EQ(line.substr(0, line.find(',')), std::to_string(step));
    }
    EXPECT_FALSE(std::getline(in, line));
}

TEST(Curve, AnEarlierFileWithoutAllRowsIsAnError) {
    const test::TemporaryFolder folder;
    auto first = CurveFile::create(folder.path() / "a.csv", {}, 0);
    append_steps(*first, 1, 3);
    const auto second = CurveFile::create(folder.path() / "b.csv", folder.path() / "a.csv", 5);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("lacks step 4"), std::string::npos);
}

TEST(Curve, AnUnwritableFolderIsAnError) {
    const auto curve = CurveFile::create("/nonexistent/folder/curve.csv", {}, 0);
    ASSERT_FALSE(curve);
    EXPECT_EQ(curve.error().code, Errc::io);
}

}  // namespace
}  // namespace bw::trainer
