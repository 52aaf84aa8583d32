// When a micro-batch that had to be made smaller may grow again: after steps enough without another
// retry, seldom, and never to a size that has failed since. Every rank counts the same steps, so
// all come to the same answer without a word. No torch.
#pragma once

#include <cstdint>
#include <optional>

namespace bw::trainer {

class Regrowth {
public:
    static constexpr std::int64_t kCleanSteps = 200;
    static constexpr std::int64_t kStepsBetween = 1000;

    /// Memory ran out in this step; `failed`: the micro-batch that did not fit.
    void shrank(std::int64_t step, std::int64_t failed);

    /// Whether to look in this step whether a larger one fits now.
    [[nodiscard]] bool is_due(std::int64_t step) const;

    /// It was looked and nothing larger fits: again after as many clean steps.
    void stayed(std::int64_t step) { clean_since_ = step; }

    void grew(std::int64_t step, std::int64_t micro_batch);

    /// Whether memory ran out at that size after the micro-batch had grown to it.
    [[nodiscard]] bool is_banned(std::int64_t micro_batch) const {
        return banned_from_ > 0 && micro_batch >= banned_from_;
    }

private:
    bool is_smaller_ = false;  // than it was planned
    std::int64_t clean_since_ = 0;
    std::optional<std::int64_t> grew_at_;
    std::int64_t grown_to_ = 0, banned_from_ = 0;
};

}  // namespace bw::trainer
