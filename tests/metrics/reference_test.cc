#include "metrics/reference.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace bw::metrics {
namespace {

TEST(MetricReference, TheCommittedPageIsMadeFromTheTable) {
    const std::string path = BW_SOURCE_DIR "/docs/metrics.md";
    if (std::getenv("BW_UPDATE_GOLDEN")) std::ofstream(path) << markdown();
    std::ifstream file(path);
    std::stringstream page;
    page << file.rdbuf();
    EXPECT_EQ(page.str(), markdown()) << "BW_UPDATE_GOLDEN=1 rewrites docs/metrics.md";
}

}  // namespace
}  // namespace bw::metrics
