// What cannot be: of a fact that adopts a plan, and of a snapshot.
#include <algorithm>

#include "scheduler/saved.hpp"

namespace mpibatch::scheduler {

namespace {

std::string gang_flaw(const model::Gang& gang) {
  if (gang.nodes == 0 || gang.nodes > model::kGangNodesMax || gang.main >= gang.nodes)
    return "a gang's nodes are impossible";
  std::uint32_t next = 0;
  for (const model::GangRange& range : gang.ranges) {
    if (range.begin != next || range.end <= range.begin || range.each.vcpus == 0)
      return "a gang's ranges are impossible";
    next = range.end;
  }
  return next == gang.nodes ? "" : "a gang's ranges do not cover it";
}

}  // namespace

std::string match_flaw(const model::MatchGroups& groups, ChildIndex awaited, ChildIndex size) {
  const auto in_bounds = [&](std::uint32_t group) { return group < groups.groups; };
  const bool good =
      groups.awaited.size() == awaited && groups.waiting.size() == size &&
      groups.groups <= awaited &&
      std::all_of(groups.waiting.begin(), groups.waiting.end(), in_bounds) &&
      std::all_of(groups.awaited.begin(), groups.awaited.end(), [&](std::uint32_t group) {
        return group == model::kNoGroup || in_bounds(group);
      });
  return good ? "" : "a MATCH's groups are impossible";
}

std::string kind_flaw(const model::JobSpec& kind, const model::PlanRules& rules) {
  if (kind.queue >= rules.queues.size()) return "a job's queue does not exist";
  if (kind.resources.vcpus == 0) return "a job asks for no CPU";
  if (!(kind.retry.memory_multiplier >= 1)) return "a job's memoryMultiplier is below 1";
  for (const model::ConsumableUse& use : kind.consumables)
    if (use.consumable >= rules.consumables.size()) return "a consumable does not exist";
  if (kind.not_before < Duration{0} || kind.expected < Duration{0})
    return "a job's times are negative";
  return kind.gang ? gang_flaw(*kind.gang) : "";
}

std::string rules_flaw(const model::PlanRules& rules) {
  if (rules.queues.empty()) return "it has no queue";
  for (const model::Queue& queue : rules.queues) {
    if (queue.policy && *queue.policy >= rules.policies.size())
      return "a queue's policy does not exist";
    for (const std::uint32_t environment : queue.environments)
      if (environment >= rules.environments.size()) return "a compute environment does not exist";
  }
  return {};
}

}  // namespace mpibatch::scheduler
