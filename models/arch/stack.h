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
        for (const auto& part : parts_) x = part(std::move(x));
        return x;
    }

private:
    std::vector<Part> parts_;
};

}  // namespace bw::models
