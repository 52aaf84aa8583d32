// A network that is its named parts, one after the other: most of them are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/arch/build.h"
#include "models/arch/layers.h"

namespace bw::models {

class Stack final : public Network {
public:
    Stack& then(const std::string& name, Part part) {
        parts_.push_back(add(name, std::move(part)));
        return *this;
    }

    torch::Tensor forward(torch::Tensor x) override {
        return run_sequence(parts_, std::move(x));
    }

    [[nodiscard]] std::span<const Part> sequence() const override { return parts_; }

private:
    std::vector<Part> parts_;
};

}  // namespace bw::models
