// What no schedule can beat: the longest chain of work that waits for other work, and all work
// spread over all there is.
#pragma once

#include <vector>

#include <mpibatch/model/plan.hpp>
#include <mpibatch/sim/simulate.hpp>

#include "sim/durations.hpp"

namespace mpibatch::sim {

// Links of the chain that a report holds.
inline constexpr std::size_t kPathStepsMax = 10'000;

// Everything is taken to succeed at its first attempt; what waits for a failure is not needed then.
LowerBound lower_bound(const std::vector<model::PlannedJob>& jobs, const Durations& durations,
                       const std::vector<NodeSpec>& nodes);

}  // namespace mpibatch::sim
