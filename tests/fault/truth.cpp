#include "truth.hpp"

#include <algorithm>

namespace mpibatch::fault {

using model::ChildIndex;
using model::ChildState;
using model::ExecutionId;
using model::JobId;

std::string Truth::name(const ChildName& child) const {
  return fmt::format("{}:{}", workload_.spec(child.first).name, child.second);
}

void Truth::add(const model::GrantId& id, GrantOf grant) {
  if (!grants_.emplace(id, grant).second)
    throw Violation{fmt::format("grant {} was made twice", model::to_string(id))};
}

void Truth::decided(const model::Fact& fact, model::Revision revision) {
  if (const auto* one = std::get_if<model::Granted>(&fact))
    add(one->grant, {one->job, revision, one->grant});
  if (const auto* later = std::get_if<model::GrantedAfter>(&fact)) {
    const model::Granted& one = later->granted;
    add(one.grant, {one.job, revision, one.grant, false, later->after, one.children.front().begin});
  }
  if (const auto* gang = std::get_if<model::GangGranted>(&fact))
    for (const model::GangPart& part : gang->parts)
      add(part.grant, {gang->job, revision, gang->parts.front().grant});
}

ChildName Truth::child_of(const ExecutionId& execution) const {
  const auto found = grants_.find(execution.grant);
  if (found == grants_.end() || found->second.job != execution.job)
    throw Violation{fmt::format("execution {} was never granted", model::to_string(execution))};
  return {execution.job, workload_.key(execution.job, found->second.revision, execution.child)};
}

// Parts of one gang are one execution.
void Truth::check_twins(const ChildName& child, const ExecutionId& execution,
                        const std::string& starter) const {
  for (const auto& [other, running] : running_) {
    if (running.child != child) continue;
    if (grants_.at(other.grant).main == grants_.at(execution.grant).main) continue;
    throw Violation{fmt::format("{} runs twice: {} on {} and {} on {}", name(child),
                                model::to_string(other), running.starter,
                                model::to_string(execution), starter)};
  }
}

// What it comes after has succeeded, there and as that very execution.
void Truth::check_turn(const ChildName& child, const ExecutionId& execution) const {
  const GrantOf& of = grants_.at(execution.grant);
  if (!of.after) return;
  ExecutionId before = *of.after;
  if (execution.child != of.first) before = {execution.job, execution.child - 1, execution.grant};
  if (!succeeded_there_.contains(before))
    throw Violation{fmt::format("{} starts as {} although {} has not succeeded", name(child),
                                model::to_string(execution), model::to_string(before))};
}

void Truth::process_started(const ExecutionId& execution, unsigned attempt,
                            const std::vector<std::string>& values, const std::string& starter) {
  const ChildName child = child_of(execution);
  check_twins(child, execution, starter);
  if (!executed_.insert(execution).second)
    throw Violation{fmt::format("execution {} was started twice", model::to_string(execution))};
  if (!grants_.at(execution.grant).committed)
    throw Violation{fmt::format("{} starts as {} although that grant is not committed", name(child),
                                model::to_string(execution))};
  check_turn(child, execution);
  // A gang's other part may come after the main one has done its work.
  if (safe_.contains(child) && is_main(execution.grant))
    throw Violation{fmt::format("{} runs again as {} although its success was committed or synced",
                                name(child), model::to_string(execution))};
  if (values != std::vector<std::string>{std::to_string(child.second)})
    throw Violation{fmt::format("{} was given another child's parameters", name(child))};
  for (unsigned before = 1; before < attempt; ++before)
    if (!failed_[child].contains(before))
      throw Violation{fmt::format("{} starts attempt {} although attempt {} has not failed",
                                  name(child), attempt, before)};
  running_.emplace(execution, Running{child, starter});
  ++executions_[child];
  attempt_of_[execution] = attempt;
}

void Truth::process_over(const ExecutionId& execution, std::optional<Deed> deed) {
  const auto found = running_.find(execution);
  if (found == running_.end()) return;
  const ChildName child = found->second.child;
  trace_("  process {} ({}) {}", model::to_string(execution), name(child),
         !deed                   ? "is killed"
         : deed == Deed::Succeed ? "succeeds"
                                 : "fails");
  running_.erase(found);
  if (!is_main(execution.grant)) return;
  if (deed == Deed::Succeed) {
    succeeded_.insert(child);
    succeeded_there_.insert(execution);
  }
  if (deed && deed != Deed::Succeed) failed_[child].insert(attempt_of_.at(execution));
}

void Truth::committed(const model::Fact& fact) {
  if (const auto* one = std::get_if<model::Granted>(&fact)) grants_.at(one->grant).committed = true;
  if (const auto* later = std::get_if<model::GrantedAfter>(&fact))
    grants_.at(later->granted.grant).committed = true;
  if (const auto* gang = std::get_if<model::GangGranted>(&fact))
    for (const model::GangPart& part : gang->parts) grants_.at(part.grant).committed = true;
  if (const auto* cancel = std::get_if<model::CancelRequested>(&fact))
    cancelled_.insert(cancel->job);
  const auto* ended = std::get_if<model::Ended>(&fact);
  if (!ended || !is_main(ended->grant)) return;
  const JobId job = grants_.at(ended->grant).job;
  model::for_each(ended->succeeded, [&](ChildIndex index) {
    const ChildName child = child_of({job, index, ended->grant});
    if (!succeeded_.contains(child))
      throw Violation{fmt::format("{} counts as succeeded and never did", name(child))};
    safe_.insert(child);
  });
}

void Truth::reopened(const ChildName& child) {
  trace_("  {} is to be done again", name(child));
  safe_.erase(child);
  for (const auto& [execution, attempt] : attempt_of_)
    if (child_of(execution) == child) past_.insert(execution);
}

void Truth::synced(const ExecutionId& execution, const model::AttemptEnd& end) {
  if (end.succeeded() && is_main(execution.grant) && !past_.contains(execution))
    safe_.insert(child_of(execution));
}

void Truth::check_child(const scheduler::Scheduler& core, JobId job, ChildIndex index) const {
  const ChildName child{job, workload_.key(job, core.revision(), index)};
  const ChildState state = core.state(job, index);
  const std::string is = fmt::format("{} is {} in the end", name(child), model::to_string(state));
  if (!model::terminal(state)) throw Violation{is};
  if (safe_.contains(child) && state != ChildState::Succeeded)
    throw Violation{is + ", but its success was committed or synced"};
  if (state == ChildState::Cancelled && !cancelled_.contains(job))
    throw Violation{is + ", and nobody asked for it"};
  if (state != ChildState::Failed && state != ChildState::Succeeded) return;
  const auto failure = core.last_failure(job, index);
  if (state == ChildState::Failed && failure && failure->kind == model::EndKind::Stopped) {
    const auto runs = executions_.find(child);
    if (runs == executions_.end() || runs->second < kLossesMax)
      throw Violation{is + " for lost hosts, but it never ran that often"};
    return;
  }
  const Workload::Fate fate = workload_.fate(child);
  if (fate.succeeds != (state == ChildState::Succeeded))
    throw Violation{is + ", which its attempts do not say"};
  if (core.attempts_failed(job, index) != fate.failures)
    throw Violation{is + fmt::format(" with {} failed attempts, not {}",
                                     core.attempts_failed(job, index), fate.failures)};
}

void Truth::check_end(const scheduler::Scheduler& core) const {
  if (!running_.empty())
    throw Violation{
        fmt::format("{} lives on after the run", model::to_string(running_.begin()->first))};
  if (!core.everything_terminal() || !core.finished())
    throw Violation{"the journal does not say that the run has finished"};
  for (std::uint32_t job = 0; job < workload_.jobs(); ++job)
    for (ChildIndex index = 0; index < workload_.spec(JobId{job}).size; ++index)
      check_child(core, JobId{job}, index);
}

}  // namespace mpibatch::fault
