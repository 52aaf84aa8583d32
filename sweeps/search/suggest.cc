#include "sweeps/search/suggest.h"

#include <algorithm>

#include "base/rng.h"
#include "sweeps/search/gp.h"
#include "sweeps/search/observed.h"
#include "sweeps/search/sobol.h"
#include "sweeps/search/tpe.h"

namespace bw::search {
namespace {

// How many points a model-based searcher spreads evenly before it trusts its model.
std::size_t startup_points(Sampler sampler, const Space& space) {
    constexpr std::size_t kMax = 10;
    switch (sampler) {
        case Sampler::random:
        case Sampler::sobol:
            return 0;
        case Sampler::tpe:
            return kMax;
        case Sampler::gp:
            return std::clamp<std::size_t>(space.size() + 3, 4, kMax);
    }
    return 0;
}

Coords spread_point(const Space& space, const Observed& observed, const Request& request) {
    const auto points =
        sobol_points(space.size(), key_of(request.seed, 0x736f626f6cu), request.ordinal, 1);
    Coords point = space.at(points.front());
    if (!is_taken(space, observed, point)) return point;
    Rng rng(key_of(request.seed, request.ordinal, 0x66726565u));
    return free_point(space, observed, rng);
}

// Nothing can be learnt from fewer than two results, or from equal ones.
bool has_signal(const Observed& observed) {
    if (observed.losses.size() < 2) return false;
    const auto [low, high] = std::minmax_element(observed.losses.begin(), observed.losses.end());
    return *low < *high;
}

Coords modelled_point(const Space& space, const Observed& observed, const Request& request) {
    const std::size_t known = observed.at.size() + observed.pending.size();
    if (known < startup_points(request.sampler, space) || !has_signal(observed))
        return spread_point(space, observed, request);
    return request.sampler == Sampler::gp ? gp_point(space, observed, request)
                                          : tpe_point(space, observed, request);
}

}  // namespace

std::string_view name_of(Sampler sampler) {
    switch (sampler) {
        case Sampler::random:
            return "random";
        case Sampler::sobol:
            return "sobol";
        case Sampler::tpe:
            return "tpe";
        case Sampler::gp:
            return "gp";
    }
    return "unknown";
}

Assignment suggest(const Space& space, const Evidence& evidence, const Request& request) {
    if (space.size() == 0) return space.decode({});
    const Observed observed = observed_in(space, evidence);
    switch (request.sampler) {
        case Sampler::random: {
            Rng rng(key_of(request.seed, request.ordinal, 0x72616e646f6du));
            return space.decode(random_point(space, rng));
        }
        case Sampler::sobol:
            return space.decode(spread_point(space, observed, request));
        case Sampler::tpe:
        case Sampler::gp:
            return space.decode(modelled_point(space, observed, request));
    }
    return {};
}

std::vector<Assignment> suggest_many(
    const Space& space, Evidence evidence, Request request, std::size_t count
) {
    std::vector<Assignment> points;
    for (std::size_t i = 0; i < count; ++i, ++request.ordinal) {
        points.push_back(suggest(space, evidence, request));
        evidence.pending.push_back(points.back());
    }
    return points;
}

}  // namespace bw::search
