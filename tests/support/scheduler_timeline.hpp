// Runs a plan in virtual time: every attempt takes exactly as long as it is said to, and starts
// when it is granted (no backlog: use whole seconds).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/scheduler_driver.hpp"

namespace mpibatch::testing {

struct Timeline : SchedulerDriver {
  struct Run {
    Instant start{};
    Instant end{};
    std::vector<model::NodeId> nodes;
  };
  using Key = std::pair<model::JobId, model::ChildIndex>;
  std::function<Duration(model::JobId, model::ChildIndex)> takes =
      [this](model::JobId job, model::ChildIndex) { return adopted.jobs.at(job).spec.expected; };
  Instant now{};
  std::map<Key, Run> runs;
  std::vector<model::Fact> made;  // by the last decision

  Timeline() = default;
  explicit Timeline(PlanBuilder plan) : SchedulerDriver(std::move(plan)) {}

  void step() {
    made = core.decide(now);
    facts.insert(facts.end(), made.begin(), made.end());
    for (const model::Fact& fact : made) {
      if (const auto* granted = std::get_if<model::Granted>(&fact)) {
        model::for_each(granted->children, [&](model::ChildIndex child) {
          begin(granted->job, child, granted->grant, {granted->node}, granted->instance);
        });
      } else if (const auto* gang = std::get_if<model::GangGranted>(&fact)) {
        std::vector<model::NodeId> nodes;
        for (const model::GangPart& part : gang->parts) nodes.push_back(part.node);
        begin(gang->job, gang->child, gang->parts[0].grant, nodes, gang->parts[0].instance);
        for (std::size_t i = 1; i < gang->parts.size(); ++i)
          other_parts_[gang->parts[0].grant].push_back(gang->parts[i]);
      }
    }
  }

  // The next moment at which something happens; false: never.
  bool advance() {
    std::optional<Instant> next = core.next_time();
    if (!ending_.empty()) next = std::min(next.value_or(Instant::max()), ending_.begin()->first);
    if (!next) return false;
    now = std::max(now, *next);
    while (!ending_.empty() && ending_.begin()->first <= now) {
      const Ending ending = ending_.begin()->second;
      ending_.erase(ending_.begin());
      scheduler::AttemptsEnded event{ending.node, ending.instance, {}};
      model::AttemptEnd end;
      end.usage.wall = takes(ending.execution.job, ending.execution.child);
      event.ends.push_back({ending.execution, end});
      tell(event);
      for (const model::GangPart& part : other_parts_[ending.execution.grant])
        tell(scheduler::ChildrenReturned{part.node,
                                         part.instance,
                                         part.grant,
                                         {{ending.execution.child, ending.execution.child + 1}}});
    }
    return true;
  }

  void run() {
    step();
    while (advance()) step();
  }

  Instant start(const std::string& name, model::ChildIndex child = 0) const {
    return runs.at({job(name), child}).start;
  }
  Instant makespan() const {
    Instant last{};
    for (const auto& [key, run] : runs) last = std::max(last, run.end);
    return last;
  }
  bool over_capacity() const {
    for (const scheduler::NodeView& node : core.nodes())
      if (node.granted.vcpus > node.capacity.vcpus ||
          node.granted.memory_mib > node.capacity.memory_mib ||
          node.granted.gpus > node.capacity.gpus)
        return true;
    return false;
  }

 private:
  struct Ending {
    model::ExecutionId execution;
    model::NodeId node{};
    model::InstanceId instance;
  };
  void begin(model::JobId job, model::ChildIndex child, model::GrantId grant,
             std::vector<model::NodeId> nodes, model::InstanceId instance) {
    const Instant end = now + takes(job, child);
    ending_.insert({end, {{job, child, grant}, nodes.front(), instance}});
    runs[{job, child}] = {now, end, std::move(nodes)};
  }
  void tell(const scheduler::Event& event) {
    for (const model::Fact& fact : core.on(event, now)) apply(fact);
  }
  std::multimap<Instant, Ending> ending_;
  std::map<model::GrantId, std::vector<model::GangPart>> other_parts_;
};

}  // namespace mpibatch::testing
