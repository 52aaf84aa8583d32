#include "worker/launch/launch.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace bw::launch {
namespace {

/// Variables of both launchers, cleared before and after.
class Place : public testing::Test {
protected:
    void SetUp() override { clear(); }

    void TearDown() override { clear(); }

    static void clear() {
        for (const char* name :
             {"OMPI_COMM_WORLD_RANK",
              "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_RANK",
              "OMPI_COMM_WORLD_LOCAL_SIZE",
              "SLURM_PROCID",
              "SLURM_NTASKS",
              "SLURM_LOCALID",
              "SLURM_TASKS_PER_NODE",
              "SLURM_STEP_ID"}) {
            ::unsetenv(name);
        }
    }

    static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
};

TEST_F(Place, AloneWithoutALauncher) {
    const auto place = discover_place();
    ASSERT_TRUE(place);
    EXPECT_EQ(place->launcher, Launcher::none);
    EXPECT_EQ(place->size, 1);
}

TEST_F(Place, ReadsOpenMpisVariables) {
    set("OMPI_COMM_WORLD_RANK", "5");
    set("OMPI_COMM_WORLD_SIZE", "8");
    set("OMPI_COMM_WORLD_LOCAL_RANK", "1");
    set("OMPI_COMM_WORLD_LOCAL_SIZE", "4");
    const auto place = discover_place();
    ASSERT_TRUE(place);
    EXPECT_EQ(place->launcher, Launcher::mpi);
    EXPECT_EQ(place->rank, 5);
    EXPECT_EQ(place->size, 8);
    EXPECT_EQ(place->local_rank, 1);
    EXPECT_EQ(place->local_size, 4);
}

TEST_F(Place, ReadsSlurmsCompressedTaskCounts) {
    set("SLURM_STEP_ID", "0");
    set("SLURM_PROCID", "3");
    set("SLURM_NTASKS", "4");
    set("SLURM_LOCALID", "1");
    set("SLURM_TASKS_PER_NODE", "2(x2)");
    const auto place = discover_place();
    ASSERT_TRUE(place) << place.error().message;
    EXPECT_EQ(place->launcher, Launcher::slurm);
    EXPECT_EQ(place->local_size, 2);
}

TEST_F(Place, BatchScriptOutsideSrunIsNoRank) {
    set("SLURM_PROCID", "0");
    set("SLURM_NTASKS", "4");
    const auto place = discover_place();
    ASSERT_TRUE(place);
    EXPECT_EQ(place->launcher, Launcher::none);
}

TEST_F(Place, GarbledNumberIsAnErrorThatNamesTheVariable) {
    set("OMPI_COMM_WORLD_RANK", "one");
    const auto place = discover_place();
    ASSERT_FALSE(place);
    EXPECT_EQ(place.error().message, "OMPI_COMM_WORLD_RANK: \"one\" is not a number");
}

TEST_F(Place, RankBeyondTheSizeIsAnError) {
    set("OMPI_COMM_WORLD_RANK", "2");
    set("OMPI_COMM_WORLD_SIZE", "2");
    set("OMPI_COMM_WORLD_LOCAL_RANK", "0");
    set("OMPI_COMM_WORLD_LOCAL_SIZE", "1");
    EXPECT_FALSE(discover_place());
}

TEST(Affinity, WidensAProcessThatWasBoundToOneCore) {
    cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "only one core is allowed here";
    cpu_set_t one;
    CPU_ZERO(&one);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(cores_of_affinity(), 1);
    EXPECT_GE(widen_affinity(), CPU_COUNT(&before));
}

#ifdef BW_MPIRUN
TEST(Mpi, BroadcastReachesEveryRankAndLeavesNoVariables) {
    const std::string command = std::string(BW_MPIRUN) +
                                " --allow-run-as-root --oversubscribe -np 2 " BW_LAUNCH_PROBE
                                " broadcast 2>&1";
    FILE* output = ::popen(command.c_str(), "r");
    ASSERT_NE(output, nullptr);
    std::string text;
    char buffer[512];
    while (std::fgets(buffer, sizeof buffer, output) != nullptr) text += buffer;
    EXPECT_EQ(::pclose(output), 0) << text;
    const std::string cores = std::to_string(widen_affinity());
    const std::string tail = ": got 'endpoint and token', 0 variables left, " + cores + " cores\n";
    EXPECT_NE(text.find("rank 0 of 2, local 0" + tail), std::string::npos) << text;
    EXPECT_NE(text.find("rank 1 of 2, local 1" + tail), std::string::npos) << text;
}
#endif

}  // namespace
}  // namespace bw::launch
