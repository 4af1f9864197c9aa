// Random plans: every kind of edge, rule and policy.
#include <algorithm>
#include <string>

#include "workload.hpp"

namespace mpibatch::fault {

using model::ChildIndex;
using model::DependencyType;
using model::JobId;
using std::chrono::seconds;

void Workload::make_rules(Random& random, const Ground& ground) {
  if (random.chance(300)) {
    model::ComputeEnvironment some;
    some.name = "some";
    // The first host is always among them: elsewhere not everything fits.
    for (std::size_t i = 0; i < ground.hosts.size(); ++i)
      if (i == 0 || random.chance(500)) some.hosts.push_back(ground.hosts[i]);
    if (random.chance(500))
      some.max_vcpus = ground.largest.vcpus + static_cast<std::uint32_t>(random.below(4));
    model::ComputeEnvironment off;
    off.name = "off";
    off.enabled = random.chance(500);
    rules_.environments = {std::move(some), std::move(off)};
  }
  if (random.chance(300))
    rules_.policies.push_back({"shares",
                               seconds(random.below(120)),
                               static_cast<std::uint32_t>(random.below(3) * 20),
                               {{"a*", 0.5}}});
  const std::uint64_t queues = random.between(1, 3);
  for (std::uint64_t i = 0; i < queues; ++i) {
    model::Queue queue;
    queue.name = "queue" + std::to_string(i);
    queue.priority = static_cast<std::uint32_t>(random.between(1, 4));
    if (!rules_.environments.empty() && random.chance(600)) {
      queue.environments = {0};
      if (random.chance(400)) queue.environments = {1, 0};
    }
    if (!rules_.policies.empty() && random.chance(500)) queue.policy = 0;
    rules_.queues.push_back(std::move(queue));
  }
  if (random.chance(300)) rules_.consumables.push_back({"licence", random.between(2, 4), true});
  // What is spent does not come back, and lost hosts spend as well: there has to be enough of it.
  if (random.chance(200)) rules_.consumables.push_back({"token", 100'000, false});
  if (random.chance(150)) rules_.max_failures = random.below(6);
}

void Workload::make_job(Random& random, const Ground& ground) {
  model::JobSpec spec;
  spec.name = "job" + std::to_string(specs_.size());
  spec.array = random.chance(700);
  // Few sizes, so that N_TO_N finds partners.
  const ChildIndex sizes[] = {1, 2, 7, 12, 30};
  if (spec.array) spec.size = sizes[random.below(5)];
  spec.queue = static_cast<std::uint32_t>(random.below(rules_.queues.size()));
  spec.resources.vcpus =
      static_cast<std::uint32_t>(random.between(1, std::min(3U, ground.largest.vcpus)));
  if (random.chance(400)) spec.resources.memory_mib = random.between(1, ground.largest.memory_mib);
  if (ground.largest.gpus > 0 && random.chance(300))
    spec.resources.gpus = static_cast<std::uint32_t>(random.between(1, ground.largest.gpus));
  spec.retry.attempts = static_cast<std::uint32_t>(random.between(1, 4));
  if (random.chance(500)) {
    model::RetryRule rule;
    rule.on_exit_code = std::to_string(kGiveUpCode);
    rule.action = model::RetryAction::Exit;
    spec.retry.rules = {rule};
  }
  spec.digest = specs_.size() + 1;
  add_policies(random, ground, spec);
  if (random.chance(120)) add_gang(random, ground, spec);
  std::vector<Edge> edges;
  add_edges(random, spec, edges);
  specs_.push_back(std::move(spec));
  edges_.push_back(std::move(edges));
  timeouts_.push_back(random.chance(300) ? longest_ * 3 : Duration{0});
}

// Single jobs of one kind, each after the one before it, now and then after something else, too.
void Workload::make_chain(Random& random) {
  model::JobSpec spec;
  spec.queue = static_cast<std::uint32_t>(random.below(rules_.queues.size()));
  if (rules_.queues[spec.queue].policy) spec.share = "b";
  spec.retry.attempts = static_cast<std::uint32_t>(random.between(1, 3));
  const std::uint64_t links = random.between(3, 12);
  for (std::uint64_t i = 0; i < links; ++i) {
    spec.name = "job" + std::to_string(specs_.size());
    spec.digest = specs_.size() + 1;
    std::vector<Edge> edges;
    const auto add = [&](std::uint64_t job) {
      Edge& edge = edges.emplace_back();
      edge.job = JobId{static_cast<std::uint32_t>(job)};
    };
    if (i > 0) add(specs_.size() - 1);
    if (i > 0 && random.chance(100)) add(random.below(specs_.size() - i + 1));
    specs_.push_back(spec);
    edges_.push_back(std::move(edges));
    timeouts_.push_back(Duration{0});
  }
}

void Workload::add_policies(Random& random, const Ground& ground, model::JobSpec& spec) {
  if (rules_.queues[spec.queue].policy) spec.share = random.chance(500) ? "a1" : "b";
  if (random.chance(200)) spec.priority = static_cast<std::uint32_t>(random.below(4));
  if (spec.array && random.chance(200)) spec.max_concurrent = random.between(1, 3);
  if (spec.array && random.chance(150)) spec.max_failures = random.below(4);
  if (random.chance(100)) spec.not_before = random.skewed(Duration{0}, seconds{60});
  if (random.chance(400)) spec.expected = random.between(Duration{1}, longest_);
  if (spec.resources.memory_mib > 0 && random.chance(400)) {
    spec.retry.memory_multiplier = 2;
    spec.retry.memory_max_mib = ground.largest.memory_mib;
  }
  for (std::uint32_t i = 0; i < rules_.consumables.size(); ++i)
    if (random.chance(300)) spec.consumables.push_back({i, random.between(1, 2)});
  if (!ground.common.empty() && random.chance(150)) spec.constraints = {ground.common.front()};
}

void Workload::add_gang(Random& random, const Ground& ground, model::JobSpec& spec) {
  model::Gang gang;
  // Members may share a host unless there are hosts enough, or the first node has no room for all.
  spec.resources = {1, 0, 0};
  gang.nodes = static_cast<std::uint32_t>(random.between(1, std::min(3U, ground.largest.vcpus)));
  gang.spread = false;
  if (spec.constraints.empty() && rules_.queues[spec.queue].environments.empty() &&
      ground.hosts.size() >= gang.nodes)
    gang.spread = random.chance(500);
  gang.exclusive = random.chance(250);
  gang.main = static_cast<std::uint32_t>(random.below(gang.nodes));
  gang.ranges = {{0, gang.nodes, spec.resources}};
  spec.retry.memory_multiplier = 1;
  spec.gang = gang;
}

void Workload::add_edges(Random& random, const model::JobSpec& spec, std::vector<Edge>& edges) {
  const DependencyType ends[] = {DependencyType::All, DependencyType::AfterAny,
                                 DependencyType::AfterFailure};
  for (std::uint32_t other = 0; other < specs_.size(); ++other) {
    if (!random.chance(350)) continue;
    const model::JobSpec& before = specs_[other];
    Edge edge;
    edge.job = JobId{other};
    const bool pairs = spec.array && before.array && before.size == spec.size;
    const std::uint64_t dice = random.below(1000);
    if (pairs && dice < 600) {
      edge.type = DependencyType::NToN;
    } else if (dice < 200 && before.array && spec.array) {
      edge.type = DependencyType::Match;
      edge.groups = static_cast<std::uint32_t>(random.between(1, std::min(before.size, 4U)));
      for (Key key = 0; key < before.size; ++key)
        edge.awaited.push_back(key < edge.groups ? key
                               : random.chance(200)
                                   ? model::kNoGroup
                                   : static_cast<std::uint32_t>(random.below(edge.groups)));
      for (Key key = 0; key < spec.size; ++key)
        edge.waiting.push_back(static_cast<std::uint32_t>(random.below(edge.groups)));
    } else {
      // Mostly plain ones: what waits for failures is mostly skipped.
      edge.type = ends[dice < 800 ? 0 : dice < 900 ? 1 : 2];
      if (random.chance(300)) edge.child = static_cast<Key>(random.below(before.size));
    }
    edges.push_back(std::move(edge));
  }
  if (spec.array && random.chance(200))
    edges.push_back({DependencyType::Sequential,
                     JobId{static_cast<std::uint32_t>(specs_.size())},
                     {},
                     0,
                     {},
                     {}});
}

}  // namespace mpibatch::fault
