#include "scheduler/pool.hpp"

#include <algorithm>

#include <mpibatch/model/feature.hpp>

namespace mpibatch::scheduler {

bool serves(const NodeState& node) { return node.present && node.open; }

bool admits(const PoolRule& rule, const NodeState& node) {
  const auto named = [&](const std::string& pattern) {
    return model::host_matches(pattern, node.name.host);
  };
  if (!rule.hosts.empty() && std::none_of(rule.hosts.begin(), rule.hosts.end(), named))
    return false;
  return model::has_features(node.features, rule.features);
}

bool fits(const model::Resources& asked, const model::Resources& capacity) {
  return asked.vcpus <= capacity.vcpus && asked.memory_mib <= capacity.memory_mib &&
         asked.gpus <= capacity.gpus;
}

std::vector<PoolChoice> choices_of(const model::PlanRules& rules, const model::JobSpec& kind) {
  const model::Queue& queue = rules.queues[kind.queue];
  std::vector<PoolChoice> choices;
  const auto add = [&](std::uint32_t number, std::vector<std::string> hosts,
                       std::vector<std::string> features) {
    features.insert(features.end(), kind.constraints.begin(), kind.constraints.end());
    std::sort(features.begin(), features.end());
    features.erase(std::unique(features.begin(), features.end()), features.end());
    choices.push_back({number, {std::move(hosts), std::move(features)}});
  };
  if (queue.environments.empty()) add(model::kNoEnvironment, {}, {});
  for (const std::uint32_t number : queue.environments) {
    const model::ComputeEnvironment& environment = rules.environments[number];
    if (environment.enabled) add(number, environment.hosts, environment.features);
  }
  return choices;
}

std::vector<NodeId> nodes_of(const Scheduler::State& state, const PoolRule& rule) {
  std::vector<NodeId> nodes;
  for (std::uint32_t number = 0; number < state.nodes.size(); ++number)
    if (serves(state.nodes[number]) && admits(rule, state.nodes[number]))
      nodes.push_back(NodeId{number});
  return nodes;
}

}  // namespace mpibatch::scheduler
