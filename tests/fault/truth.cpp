#include "truth.hpp"

#include <algorithm>

namespace mpibatch::fault {

using model::ChildIndex;
using model::ChildState;
using model::DependencyType;
using model::ExecutionId;
using model::JobId;

namespace {

// Beyond this many hosts lost under it the scheduler gives a child up (scheduler/state.hpp).
constexpr unsigned kLossesMax = 3;

}  // namespace

std::string Truth::name(const ChildName& child) const {
  return fmt::format("{}:{}", workload_.spec(child.first).name, child.second);
}

void Truth::granted(const model::Granted& fact, model::Revision revision) {
  if (!grants_.emplace(fact.grant, GrantOf{fact.job, revision}).second)
    throw Violation{fmt::format("grant {} was made twice", model::to_string(fact.grant))};
}

ChildName Truth::child_of(const ExecutionId& execution) const {
  const auto found = grants_.find(execution.grant);
  if (found == grants_.end() || found->second.job != execution.job)
    throw Violation{fmt::format("execution {} was never granted", model::to_string(execution))};
  return {execution.job, workload_.key(execution.job, found->second.revision, execution.child)};
}

void Truth::process_started(const ExecutionId& execution, unsigned attempt,
                            const std::vector<std::string>& values, const std::string& starter) {
  const ChildName child = child_of(execution);
  if (const auto twin = running_child_.find(child); twin != running_child_.end())
    throw Violation{fmt::format("{} runs twice: {} on {} and {} on {}", name(child),
                                model::to_string(twin->second), running_.at(twin->second).starter,
                                model::to_string(execution), starter)};
  if (!executed_.insert(execution).second)
    throw Violation{fmt::format("execution {} was started twice", model::to_string(execution))};
  if (safe_.contains(child))
    throw Violation{fmt::format("{} runs again as {} although its success was committed or synced",
                                name(child), model::to_string(execution))};
  if (values != std::vector<std::string>{std::to_string(child.second)})
    throw Violation{fmt::format("{} was given another child's parameters", name(child))};
  for (unsigned before = 1; before < attempt; ++before)
    if (!failed_[child].contains(before))
      throw Violation{fmt::format("{} starts attempt {} although attempt {} has not failed",
                                  name(child), attempt, before)};
  check_dependencies(execution, grants_.at(execution.grant).revision);
  running_.emplace(execution, Running{child, starter});
  running_child_.emplace(child, execution);
  ++executions_[child];
  attempt_of_[execution] = attempt;
}

void Truth::check_met(const ChildName& waiting, const ChildName& awaited) const {
  if (succeeded_.contains(awaited) && committed_.contains(awaited)) return;
  throw Violation{fmt::format(
      "{} starts before {} has {}", name(waiting), name(awaited),
      succeeded_.contains(awaited) ? "its success committed in the journal" : "succeeded")};
}

void Truth::check_dependencies(const ExecutionId& execution, model::Revision revision) const {
  const ChildName child = child_of(execution);
  for (const model::Dependency& dependency : workload_.spec(execution.job).depends_on) {
    const auto key = [&](ChildIndex index) {
      return ChildName{dependency.job, workload_.key(dependency.job, revision, index)};
    };
    switch (dependency.type) {
      case DependencyType::All:
        for (ChildIndex index = 0; index < workload_.spec(dependency.job).size; ++index)
          check_met(child, key(index));
        break;
      case DependencyType::NToN:
        check_met(child, key(execution.child));
        break;
      case DependencyType::Sequential:
        if (execution.child > 0) check_met(child, key(execution.child - 1));
        break;
      case DependencyType::Match:
      case DependencyType::AfterAny:
      case DependencyType::AfterFailure:
        break;  // the workload has none
    }
  }
}

void Truth::process_over(const ExecutionId& execution, std::optional<Deed> deed) {
  const auto found = running_.find(execution);
  if (found == running_.end()) return;
  const ChildName child = found->second.child;
  trace_("  process {} ({}) {}", model::to_string(execution), name(child),
         !deed                   ? "is killed"
         : deed == Deed::Succeed ? "succeeds"
                                 : "fails");
  running_child_.erase(child);
  running_.erase(found);
  if (deed == Deed::Succeed) succeeded_.insert(child);
  if (deed && deed != Deed::Succeed) failed_[child].insert(attempt_of_.at(execution));
}

void Truth::committed(const model::Fact& fact) {
  const auto* ended = std::get_if<model::Ended>(&fact);
  if (!ended) return;
  const JobId job = grants_.at(ended->grant).job;
  model::for_each(ended->succeeded, [&](ChildIndex index) {
    const ChildName child = child_of({job, index, ended->grant});
    if (!succeeded_.contains(child))
      throw Violation{fmt::format("{} counts as succeeded and never did", name(child))};
    committed_.insert(child);
    safe_.insert(child);
  });
}

void Truth::synced(const ExecutionId& execution, const model::AttemptEnd& end) {
  if (end.succeeded()) safe_.insert(child_of(execution));
}

ChildState Truth::expected(const scheduler::Scheduler& core, JobId job, ChildIndex index) const {
  const auto good = [&](JobId other, ChildIndex child) {
    return core.state(other, child) == ChildState::Succeeded;
  };
  for (const model::Dependency& dependency : workload_.spec(job).depends_on) {
    bool met = true;
    switch (dependency.type) {
      case DependencyType::All:
        for (ChildIndex child = 0; child < workload_.spec(dependency.job).size; ++child)
          met = met && good(dependency.job, child);
        break;
      case DependencyType::NToN:
        met = good(dependency.job, index);
        break;
      case DependencyType::Sequential:
        met = index == 0 || good(job, index - 1);
        break;
      case DependencyType::Match:
      case DependencyType::AfterAny:
      case DependencyType::AfterFailure:
        break;  // the workload has none
    }
    if (!met) return ChildState::DependencyFailed;
  }
  const ChildName child{job, workload_.key(job, core.revision(), index)};
  return workload_.fate(child).succeeds ? ChildState::Succeeded : ChildState::Failed;
}

void Truth::check_child(const scheduler::Scheduler& core, JobId job, ChildIndex index) const {
  const ChildName child{job, workload_.key(job, core.revision(), index)};
  const ChildState state = core.state(job, index);
  const std::string is = fmt::format("{} is {} in the end", name(child), model::to_string(state));
  if (!model::terminal(state)) throw Violation{is};
  if (safe_.contains(child) && state != ChildState::Succeeded)
    throw Violation{is + ", but its success was committed or synced"};
  if (state == ChildState::Cancelled) {
    if (!cancelled_.contains(job)) throw Violation{is + ", and nobody asked for it"};
    return;
  }
  const auto failure = core.last_failure(job, index);
  if (state == ChildState::Failed && failure && failure->kind == model::EndKind::Stopped) {
    const auto runs = executions_.find(child);
    if (runs == executions_.end() || runs->second < kLossesMax)
      throw Violation{is + " for lost hosts, but it never ran that often"};
    return;
  }
  const ChildState wanted = expected(core, job, index);
  if (state != wanted) throw Violation{is + fmt::format(", not {}", model::to_string(wanted))};
  if (state == ChildState::DependencyFailed) return;
  const unsigned failures = workload_.fate(child).failures;
  if (core.attempts_failed(job, index) != failures)
    throw Violation{is + fmt::format(" with {} failed attempts, not {}",
                                     core.attempts_failed(job, index), failures)};
}

void Truth::check_end(const scheduler::Scheduler& core,
                      const std::vector<model::Fact>& facts) const {
  if (!running_.empty())
    throw Violation{
        fmt::format("{} lives on after the run", model::to_string(running_.begin()->first))};
  if (!core.everything_terminal() || !core.finished())
    throw Violation{"the journal does not say that the run has finished"};
  for (std::uint32_t job = 0; job < workload_.jobs(); ++job)
    for (ChildIndex index = 0; index < workload_.spec(JobId{job}).size; ++index)
      check_child(core, JobId{job}, index);
  std::set<ChildName> once;
  for (const model::Fact& fact : facts) {
    const auto* ended = std::get_if<model::Ended>(&fact);
    if (!ended) continue;
    model::for_each(ended->succeeded, [&](ChildIndex index) {
      const ChildName child = child_of({grants_.at(ended->grant).job, index, ended->grant});
      if (!once.insert(child).second)
        throw Violation{fmt::format("{} succeeded twice in the journal", name(child))};
    });
  }
}

}  // namespace mpibatch::fault
