// W&B's own verdict on a sweep file, message by message, quirks included: what `validate --strict`
// answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweeps/value.h"
#include "sweeps/wandb_space.h"

namespace bw::sweeps {

struct StrictReport {
    bool valid = false;
    std::vector<std::string> violations;
    std::optional<WandbError>
        raised;  // the package gives up with an exception; its text ends the violations
};

StrictReport strict_report(const Value& document);

}  // namespace bw::sweeps
