#include "base/fault_point.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace bw {
namespace {

TEST(FaultPoint, KillsThePassingProcessOncePerFile) {
    const auto folder =
        std::filesystem::path(testing::TempDir()) / ("fault-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    ::setenv("BATCHWRIGHT_FAULT_DIR", folder.c_str(), 1);
    std::ofstream(folder / "here").close();
    EXPECT_EXIT(fault_point("here"), testing::KilledBySignal(SIGKILL), "");
    EXPECT_FALSE(std::filesystem::exists(folder / "here"));
    EXPECT_EXIT((fault_point("here"), std::exit(0)), testing::ExitedWithCode(0), "");
    ::unsetenv("BATCHWRIGHT_FAULT_DIR");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bw
