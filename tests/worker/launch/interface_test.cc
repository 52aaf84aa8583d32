#include "worker/launch/interface.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace bw::launch {
namespace {

const std::vector<Interface> kHost{
    {"lo", "127.0.0.1", 8, true},
    {"eth0", "10.1.0.7", 16, false},
    {"ib0", "192.168.9.7", 24, false},
    {"eth0", "fd00::7", 64, false}};

TEST(ChooseInterface, ByNameNetworkOrAddress) {
    EXPECT_EQ(choose_interface("ib0", kHost)->address, "192.168.9.7");
    EXPECT_EQ(choose_interface("eth0", kHost)->address, "10.1.0.7") << "IPv4 first";
    EXPECT_EQ(choose_interface("192.168.0.0/16", kHost)->name, "ib0");
    EXPECT_EQ(choose_interface("fd00::/8", kHost)->address, "fd00::7");
    EXPECT_EQ(choose_interface("10.1.0.7", kHost)->name, "eth0");
    EXPECT_EQ(choose_interface("10.1.0.4/30", kHost)->name, "eth0");
}

TEST(ChooseInterface, WhatFitsNothingIsAnErrorThatNamesWhatThereIs) {
    const auto none = choose_interface("10.1.0.8/30", kHost);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::not_found);
    EXPECT_NE(none.error().message.find("ib0 192.168.9.7"), std::string::npos);
    for (const char* text : {"10.1.0.0/33", "10.1.0.0/", "10.1.0.0/x", "eth0/8", "/8"})
        EXPECT_EQ(choose_interface(text, kHost).error().code, Errc::invalid_input) << text;
}

TEST(RouteTo, LoopbackLeadsOverLoopback) {
    const auto route = route_to("127.0.0.1", interfaces());
    ASSERT_TRUE(route) << route.error().message;
    EXPECT_TRUE(route->is_loopback);
    EXPECT_EQ(route->address, "127.0.0.1");
    EXPECT_FALSE(route_to("no.such.host.invalid", interfaces()));
}

TEST(ReachedBy, AddressesThatThisHostHasTooTellNothing) {
    const auto known = interfaces();
    std::vector<std::string> own;
    for (const Interface& one : known) own.push_back(one.address);
    const auto reached = reached_by({own}, known);
    ASSERT_FALSE(reached);
    EXPECT_NE(reached.error().message.find("--interface"), std::string::npos);
}

TEST(NameToLibraries, KeepsWhatTheUserHasSet) {
    ::unsetenv("GLOO_SOCKET_IFNAME");
    ::setenv("NCCL_SOCKET_IFNAME", "mine", 1);
    name_interface_to_libraries(kHost[0]);
    EXPECT_EQ(std::getenv("GLOO_SOCKET_IFNAME"), nullptr) << "loopback is no choice";
    name_interface_to_libraries(kHost[2]);
    EXPECT_STREQ(std::getenv("GLOO_SOCKET_IFNAME"), "ib0");
    EXPECT_STREQ(std::getenv("NCCL_SOCKET_IFNAME"), "mine");
    ::unsetenv("NCCL_SOCKET_IFNAME");
    name_interface_to_libraries(kHost[2]);
    EXPECT_STREQ(std::getenv("NCCL_SOCKET_IFNAME"), "=ib0");
    ::unsetenv("GLOO_SOCKET_IFNAME");
    ::unsetenv("NCCL_SOCKET_IFNAME");
}

}  // namespace
}  // namespace bw::launch
