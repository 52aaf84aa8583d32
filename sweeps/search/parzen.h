// A Parzen estimator over the axes: a weighted mixture of product kernels, one per point and one
// for the prior. Continuous axes have Gaussians cut to [0, 1], ordered ones the same Gaussians
// summed over each level's cell, unordered ones Aitchison and Aitken's kernel. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/rng.h"
#include "sweeps/search/space.h"

namespace bw::search {

class Parzen {
public:
    /// `weights`: one per centre, positive; the prior's kernel has weight 1. The space outlives it.
    Parzen(const Space& space, std::vector<Coords> centres, std::vector<double> weights);

    [[nodiscard]] Coords draw(Rng& rng) const;

    [[nodiscard]] double log_density(const Coords& point) const;

private:
    [[nodiscard]] double log_kernel(std::size_t kernel, std::size_t axis, double x) const;
    [[nodiscard]] double draw_axis(std::size_t kernel, std::size_t axis, Rng& rng) const;
    [[nodiscard]] double width_of(std::size_t kernel) const;

    const Space* space_;
    std::vector<Coords> centres_;
    std::vector<double> weights_;  // sum 1; the last is the prior's
    double width_ = 1;             // standard deviation of the kernels of the points
};

}  // namespace bw::search
