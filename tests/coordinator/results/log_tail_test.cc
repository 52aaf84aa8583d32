#include "coordinator/results/log_tail.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace bw::results {
namespace {

class LogTailTest : public testing::Test {
protected:
    LogTailTest() {
        std::string name = testing::TempDir() + "log-tail-XXXXXX";
        folder_ = mkdtemp(name.data());
        path_ = folder_ / "rank0.log";
    }

    ~LogTailTest() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

    std::filesystem::path folder_, path_;
};

TEST_F(LogTailTest, BeginsWithTheLastLines) {
    write("one\ntwo\nthree\n");
    for (const auto& [lines, text] : std::vector<std::pair<std::uint64_t, std::string>>{
             {0, ""}, {1, "three\n"}, {2, "two\nthree\n"}, {9, "one\ntwo\nthree\n"}}) {
        LogTail tail(path_);
        tail.seek_last(lines);
        EXPECT_EQ(tail.read(), text) << lines;
    }
}

TEST_F(LogTailTest, AFileThatComesLaterIsReadFromItsBeginning) {
    LogTail tail(path_);
    tail.seek_last(5);
    EXPECT_EQ(tail.read(), "");
    write("first\nhalf");
    EXPECT_EQ(tail.read(), "first\n");
    EXPECT_EQ(tail.read(), "");
    write(" and half\n");
    EXPECT_EQ(tail.read(), "half and half\n");
    write("no end");
    EXPECT_EQ(tail.read(LogTail::Until::file_end), "no end");
}

TEST_F(LogTailTest, GoesOnAfterARotation) {
    write("old\nunended");
    LogTail tail(path_);
    EXPECT_EQ(tail.read(), "old\n");
    std::filesystem::rename(path_, path_.string() + ".1");
    write("new\n");
    EXPECT_EQ(tail.read(), "unended");
    EXPECT_EQ(tail.read(), "new\n");
}

TEST_F(LogTailTest, ALineLongerThanAPieceIsNotWaitedFor) {
    write(std::string(kLogPieceBytesMax + 10, 'x'));
    LogTail tail(path_);
    EXPECT_EQ(tail.read().size(), kLogPieceBytesMax);
    EXPECT_EQ(tail.read(LogTail::Until::file_end).size(), 10U);
}

}  // namespace
}  // namespace bw::results
