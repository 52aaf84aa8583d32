// A completion handler of a read or a write, whatever its type: it keeps the code of TLS in one
// file. Asio 1.81's any_completion_handler cannot stand here: its executor lacks what Beast asks.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/system/error_code.hpp>

namespace bw::wire {

class ErasedHandler {
public:
    using executor_type = boost::asio::any_io_executor;
    using cancellation_slot_type = boost::asio::cancellation_slot;

    template <class Handler>
    ErasedHandler(Handler handler, const executor_type& fallback)
        : executor_(boost::asio::get_associated_executor(handler, fallback)),
          slot_(boost::asio::get_associated_cancellation_slot(handler)),
          call_(std::make_unique<Held<Handler>>(std::move(handler))) {}

    /// Once.
    void operator()(boost::system::error_code error, std::size_t bytes) {
        // The handler may begin the next operation, or destroy whoever began this one.
        const std::unique_ptr<Callable> call = std::move(call_);
        call->run(error, bytes);
    }

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

private:
    struct Callable {
        virtual ~Callable() = default;
        virtual void run(boost::system::error_code error, std::size_t bytes) = 0;
    };

    template <class Handler>
    struct Held final : Callable {
        explicit Held(Handler given) : handler(std::move(given)) {}

        void run(boost::system::error_code error, std::size_t bytes) override {
            std::move(handler)(error, bytes);
        }

        Handler handler;
    };

    executor_type executor_;
    cancellation_slot_type slot_;
    std::unique_ptr<Callable> call_;
};

}  // namespace bw::wire
