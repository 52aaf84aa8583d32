// One text per meaning: what identities are hashes of.
#pragma once

#include <string>

#include "sweeps/value.h"

namespace bw::sweeps {

/// The value with the keys of every map in the order of their code points.
Value canonical(const Value& value);

/// JSON of the above.
std::string canonical_json(const Value& value);

/// SHA-256 over the document without `run_cap` and `batchwright: {concurrency, retries}`: what may
/// change without making another sweep of it.
std::string fingerprint_of(const Value& document);

}  // namespace bw::sweeps
