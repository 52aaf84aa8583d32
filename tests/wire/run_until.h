// Runs a loop until something has come about; a watchdog ends what hangs.
#pragma once

#include <chrono>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace bw::test {

template <class Done>
void run_until(boost::asio::io_context& io, Done done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done() && std::chrono::steady_clock::now() < limit) {
        io.restart();
        io.run_one_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(done());
}

}  // namespace bw::test
