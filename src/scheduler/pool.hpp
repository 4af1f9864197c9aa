// Which nodes a job may go to: those of its queue's environments, in their order, that have what
// the job's constraints ask for.
#pragma once

#include <vector>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// What a node is chosen by. Pools with the same one are the same pool.
struct PoolRule {
  std::vector<std::string> hosts;     // patterns; none: all
  std::vector<std::string> features;  // all of them
  auto operator<=>(const PoolRule&) const = default;
};

struct PoolChoice {
  std::uint32_t environment = model::kNoEnvironment;
  PoolRule rule;
};

bool serves(const NodeState& node);  // may be given new work
bool admits(const PoolRule& rule, const NodeState& node);
bool fits(const model::Resources& asked, const model::Resources& capacity);

// In the order in which they are tried; disabled environments are not among them.
std::vector<PoolChoice> choices_of(const model::PlanRules& rules, const model::JobSpec& kind);
// The nodes of a choice that serve, in the order of their numbers. Looks at every node.
std::vector<NodeId> nodes_of(const Scheduler::State& state, const PoolRule& rule);

}  // namespace mpibatch::scheduler
