#include "plan/profile.h"

#include <gtest/gtest.h>

namespace bw::plan {
namespace {

Profile example() {
    Profile profile;
    profile.key = "0123abcd";
    profile.network = "feed";
    profile.static_bytes = 123'456'789'012;
    profile.peak = MemoryModel({
        {4, 15, "beef", PeakModel({{1e6, 1.0 / 3, 384}, {9e5, 4096.25, 0}}, Exactness::exact)},
        {16, 34, "cafe", PeakModel({{3e6, 5000, 0}}, Exactness::exact)},
    });
    profile.time = {
        .per_micro_batch = 0.1,
        .per_sample = 1.0 / 7,
        .update = 0.01,
        .reduced_bytes = 4e6,
        .bandwidth = 2e9,
        .latency = 1e-4};
    profile.confirmed = {{.samples = 34, .groups = 2, .peak_bytes = 1'234'567}};
    return profile;
}

TEST(ProfileText, RoundTrips) {
    const auto read = parse_profile(to_text(example()));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, example());
    Profile by_phase = example();
    by_phase.peak = PeakModel({{1, 2, 3}}, Exactness::by_phase);
    EXPECT_EQ(*parse_profile(to_text(by_phase)), by_phase);
}

TEST(ProfileText, WhatIsCutOffOrStrangeIsSaidToBeSo) {
    const std::string text = to_text(example());
    for (std::size_t size = 0; size < text.size() - 1; ++size)
        EXPECT_FALSE(parse_profile(text.substr(0, size))) << size;
    EXPECT_EQ(parse_profile("batchwright-profile-9\nend\n").error().code, Errc::version_mismatch);
    std::string bad = text;
    bad.replace(bad.find("static 1"), 8, "static x");
    EXPECT_EQ(parse_profile(bad).error().code, Errc::corrupt);
    EXPECT_FALSE(parse_profile("batchwright-profile-2\nkey a\nend\n")) << "no peak";
    EXPECT_FALSE(parse_profile("batchwright-profile-1\nkey a\nend\n")) << "no peak";
}

TEST(ProfileText, OneOfTheReleaseBeforeKnowsTheSizesThatWereConfirmed) {
    const std::string text =
        "batchwright-profile-1\nkey k\nnetwork n\nsequence beef\nstatic 7\nplane 100 10 0\n"
        "time 1 1 0 0 1 1\nconfirmed 12 0 220\nend\n";
    const auto profile = parse_profile(text);
    ASSERT_TRUE(profile) << profile.error().message;
    ASSERT_EQ(profile->peak.regimes().size(), 1u);
    EXPECT_EQ(profile->peak.regimes()[0].smallest, 4);
    EXPECT_EQ(profile->peak.regimes()[0].largest, 12);
    EXPECT_EQ(profile->peak.regimes()[0].sequence, "beef");
    EXPECT_EQ(profile->peak.peak(12, 0), 220);
}

TEST(ProfileMerged, KeepsTheRegimesOfBoth) {
    Profile small = example(), large = example();
    small.peak = MemoryModel({{4, 8, "beef", PeakModel({{10, 1, 0}}, Exactness::exact)}});
    large.peak = MemoryModel({{24, 32, "cafe", PeakModel({{10, 2, 0}}, Exactness::exact)}});
    small.confirmed = {{8, 1, 18}};
    large.confirmed = {{32, 1, 74}};
    const Profile both = merged(small, large);
    EXPECT_EQ(both.peak.peak(8, 0), 18);
    EXPECT_EQ(both.peak.peak(32, 0), 74);
    EXPECT_EQ(both.confirmed.size(), 2u);
    EXPECT_EQ(merged(both, small), both) << "nothing new";
    EXPECT_EQ(merged(both, large), both);
}

TEST(ProfileMerged, AnotherNetworkOfThatNameTakesItsPlace) {
    Profile other = example();
    other.network = "dead";
    other.confirmed.clear();
    EXPECT_EQ(merged(example(), other), other);
}

TEST(ProfileText, LinesOfALaterReleaseAreSkipped) {
    std::string text = to_text(example());
    text.insert(text.find("time "), "humidity 3 4\n");
    EXPECT_EQ(*parse_profile(text), example());
}

}  // namespace
}  // namespace bw::plan
