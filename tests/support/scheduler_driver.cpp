#include "support/scheduler_driver.hpp"

namespace mpibatch::testing {

SchedulerDriver::SchedulerDriver() {
  apply(model::EpochBegan{model::Epoch{1}, "h", "boot", {}, {}});
}

SchedulerDriver::SchedulerDriver(PlanBuilder plan) : SchedulerDriver() { adopt(std::move(plan)); }

SchedulerDriver::SchedulerDriver(SchedulerDriver&&) noexcept = default;
SchedulerDriver& SchedulerDriver::operator=(SchedulerDriver&&) noexcept = default;
SchedulerDriver::~SchedulerDriver() = default;

void SchedulerDriver::apply(const model::Fact& fact) {
  const Result<void> done = core.apply(fact);
  ASSERT_TRUE(done) << done.error().message;
  facts.push_back(fact);
}

void SchedulerDriver::adopt(PlanBuilder plan) {
  adopted = testing::adopt(std::move(plan), adopted);
  apply(adopted.fact);
}

std::vector<model::Fact> SchedulerDriver::happen(const scheduler::Event& event) {
  std::vector<model::Fact> made = core.on(event, now);
  for (const model::Fact& fact : made) apply(fact);
  return made;
}

model::NodeId SchedulerDriver::join(const std::string& name, model::Resources capacity,
                                    std::uint64_t instance, std::vector<std::string> features) {
  happen(scheduler::NodeHello{{name, 0}, {instance}, "b", capacity, std::move(features)});
  return core.node(model::NodeName{name, 0})->id;
}

std::vector<model::Fact> SchedulerDriver::decide() {
  std::vector<model::Fact> made = core.decide(now);
  facts.insert(facts.end(), made.begin(), made.end());
  return made;
}

std::vector<model::Granted> SchedulerDriver::grants() {
  std::vector<model::Granted> made;
  for (const model::Fact& fact : decide())
    if (const auto* granted = std::get_if<model::Granted>(&fact)) made.push_back(*granted);
  return made;
}

model::JobId SchedulerDriver::job(const std::string& name) const { return adopted.ids.at(name); }

std::string SchedulerDriver::state(const std::string& name, model::ChildIndex child) const {
  return std::string(model::to_string(core.state(job(name), child)));
}

model::GrantId SchedulerDriver::grant(std::uint32_t number, std::uint32_t epoch) const {
  return {model::Epoch{epoch}, number};
}

const scheduler::GrantView& SchedulerDriver::view(model::GrantId id) {
  views_ = core.grants();
  for (const scheduler::GrantView& each : views_)
    if (each.id == id) return each;
  throw std::out_of_range("no grant " + model::to_string(id));
}

std::vector<model::Fact> SchedulerDriver::started(model::GrantId id, model::Ranges children) {
  const scheduler::GrantView& held = view(id);
  return happen(scheduler::ChildrenStarted{held.node, held.instance, id, std::move(children)});
}

std::vector<model::Fact> SchedulerDriver::returned(model::GrantId id, model::Ranges children) {
  const scheduler::GrantView& held = view(id);
  return happen(scheduler::ChildrenReturned{held.node, held.instance, id, std::move(children)});
}

std::vector<model::Fact> SchedulerDriver::ended(model::GrantId id, const model::Ranges& children,
                                                const model::AttemptEnd& end) {
  const scheduler::GrantView& held = view(id);
  scheduler::AttemptsEnded event{held.node, held.instance, {}};
  model::for_each(children, [&](model::ChildIndex child) {
    event.ends.push_back({{held.job, child, id}, end});
  });
  return happen(event);
}

model::AttemptEnd end_of(model::EndKind kind, std::int32_t code, std::string reason) {
  model::AttemptEnd end;
  end.kind = kind;
  end.code = code;
  end.reason = std::move(reason);
  return end;
}

}  // namespace mpibatch::testing
