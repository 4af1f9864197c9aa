#include "support/scheduler_timeline.hpp"

namespace mpibatch::testing {

Timeline::Timeline() = default;

Timeline::Timeline(PlanBuilder plan) : SchedulerDriver(std::move(plan)) {}

Timeline::~Timeline() = default;

void Timeline::step() {
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

bool Timeline::advance() {
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

void Timeline::run() {
  step();
  while (advance()) step();
}

Instant Timeline::start(const std::string& name, model::ChildIndex child) const {
  return runs.at({job(name), child}).start;
}

Instant Timeline::makespan() const {
  Instant last{};
  for (const auto& [key, run] : runs) last = std::max(last, run.end);
  return last;
}

bool Timeline::over_capacity() const {
  for (const scheduler::NodeView& node : core.nodes())
    if (node.granted.vcpus > node.capacity.vcpus ||
        node.granted.memory_mib > node.capacity.memory_mib ||
        node.granted.gpus > node.capacity.gpus)
      return true;
  return false;
}

void Timeline::begin(model::JobId job, model::ChildIndex child, model::GrantId grant,
                     std::vector<model::NodeId> nodes, model::InstanceId instance) {
  const Instant end = now + takes(job, child);
  ending_.insert({end, {{job, child, grant}, nodes.front(), instance}});
  runs[{job, child}] = {now, end, std::move(nodes)};
}

void Timeline::tell(const scheduler::Event& event) {
  for (const model::Fact& fact : core.on(event, now)) apply(fact);
}

}  // namespace mpibatch::testing
