#include "coordinator/results/curves.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/results/layout.h"
#include "tests/coordinator/journal/temporary_folder.h"
#include "tests/coordinator/results/small_sweep.h"

namespace bw::results {
namespace {

constexpr const char* kHeader = "step,epoch,loss,samples,seconds\n";

class Curves : public testing::Test {
protected:
    void attempt_wrote(std::uint64_t ordinal, std::uint32_t attempt, const std::string& text) {
        const auto folder = attempt_dir(folder_.path(), small_.sweep(), ordinal, attempt);
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "curve.csv", std::ios::binary) << text;
    }

    /// Without the header.
    std::string merged() {
        const auto file = folder_.path() / "out" / "curves.csv";
        const auto written = write_curves(small_.state, small_.sweep(), folder_.path(), file);
        EXPECT_TRUE(written.has_value());
        if (written) warnings_ = *written;
        std::ifstream in(file, std::ios::binary);
        std::string header;
        std::getline(in, header);
        EXPECT_EQ(header, "ordinal,step,epoch,loss");
        std::ostringstream rest;
        rest << in.rdbuf();
        EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
        return rest.str();
    }

    test::SmallSweep small_;
    test::TemporaryFolder folder_;
    std::vector<std::string> warnings_;
};

TEST_F(Curves, TheLastAttemptsFileIsTakenPointByPoint) {
    attempt_wrote(0, 1, std::string(kHeader) + "1,0,9.5,64,0.1\n2,0,9.25,64,0.2\n");
    attempt_wrote(
        0, 2, std::string(kHeader) + "1,0,2.5,64,0.1\n2,0,2.25,64,0.2\n3,1,2.125,64,0.3\n"
    );
    attempt_wrote(1, 1, std::string(kHeader) + "1,0,0.10000000000000001,64,0.1\n");
    EXPECT_EQ(merged(), "0,1,0,2.5\n0,2,0,2.25\n0,3,1,2.125\n1,1,0,0.10000000000000001\n");
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(Curves, AnAttemptWithoutACurveLeavesTheOneBefore) {
    attempt_wrote(0, 1, std::string(kHeader) + "1,0,9.5,64,0.1\n");
    EXPECT_EQ(merged(), "0,1,0,9.5\n");
}

TEST_F(Curves, ATornLastRowIsLeftOutWithoutAWord) {
    attempt_wrote(1, 1, std::string(kHeader) + "1,0,9.5,64,0.1\n2,0,1");
    EXPECT_EQ(merged(), "1,1,0,9.5\n");
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(Curves, EveryStepStandsThereOnceWhateverTheFileHolds) {
    attempt_wrote(
        1,
        1,
        std::string(kHeader) +
            "1,0,9.5,64,0.1\n2,0,9,64,0.2\n2,0,8,64,0.2\n1,0,9.5,64,0.1\nrubbish\n\n3,0,7,64,0."
            "3\n5,0,6,64,0.3\n"
    );
    EXPECT_EQ(merged(), "1,1,0,9.5\n1,2,0,9\n1,3,0,7\n");
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("5 rows"), std::string::npos) << warnings_[0];
}

TEST_F(Curves, ALossThatIsNotFiniteIsKept) {
    attempt_wrote(2, 1, std::string(kHeader) + "1,0,9.5,64,0.1\n2,0,nan,64,0.2\n3,0,-inf,64,0.2\n");
    EXPECT_EQ(merged(), "2,1,0,9.5\n2,2,0,nan\n2,3,0,-inf\n");
}

TEST_F(Curves, EmptyAndHeaderOnlyFilesHaveNoRows) {
    attempt_wrote(0, 2, "");
    attempt_wrote(1, 1, kHeader);
    attempt_wrote(3, 1, "step,ep");
    EXPECT_EQ(merged(), "");
    EXPECT_TRUE(warnings_.empty());
}

}  // namespace
}  // namespace bw::results
