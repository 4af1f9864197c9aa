// Work that goes ahead to nodes, so that a free slot need not wait for rank 0, and its way back
// when another node could start it sooner.
#pragma once

#include "scheduler/placement.hpp"

namespace mpibatch::scheduler {

// How many times its slots a node gets ahead at the most of a job whose attempts take so long; 0:
// none, since other nodes could start it sooner, or since nothing of it could be started yet.
struct BacklogDepth {
  BacklogDepth(const Scheduler::State& state, const JobState& job);
  bool none() const { return per_slot == 0; }
  // How many more of these may wait on this node.
  std::uint64_t room(const NodePlace& node, const Room& asked) const;
  std::uint64_t per_slot = 0;
};

// Asks nodes with more of a job than they can start for what idle nodes can start at once.
void take_back(Scheduler::State& state, Placement& placement);

}  // namespace mpibatch::scheduler
