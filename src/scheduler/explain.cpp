// Why a job, or a child of it, is where it is: in words, with numbers.
#include "scheduler/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;

// A user can do what a message says by copying it.
std::string release(const State& state, JobId id, std::optional<ChildIndex> index = {}) {
  return fmt::format("`mpibatch release {}`",
                     index ? child_name(state, id, *index) : std::string(state.names.name(id)));
}

bool ran(const Scheduler& core, const State& state, JobId id, ChildIndex index) {
  const auto last = core.last_failure(id, index);
  if (last && last->kind == model::EndKind::CannotStart) return false;
  return core.attempts_failed(id, index) > 0 || state.losses.contains({id, index});
}

// What AWS Batch's statusReason does not say.
void explain_failure(const Scheduler& core, const State& state, JobId id, ChildIndex index,
                     Lines& lines) {
  const auto last = core.last_failure(id, index);
  if (last && core.attempts_failed(id, index) > 0) {
    const bool exited = last->kind == model::EndKind::Exited;
    if (exited)
      lines.push_back(fmt::format("its last attempt ended with exit code {}", last->code));
    if (!exited && !last->reason.empty() && last->reason != core.status_reason(id, index))
      lines.push_back("its last attempt: " + last->reason);
  }
  const std::string name = child_name(state, id, index);
  const std::string logs = fmt::format("`mpibatch logs {}` shows what it printed, ", name);
  lines.push_back(fmt::format("{}`mpibatch retry {}` runs it again",
                              ran(core, state, id, index) ? logs : "", name));
}

void explain_child(const Scheduler& core, const State& state, JobId id, ChildIndex index,
                   Instant now, Lines& lines) {
  const ChildState of = state.child(state.job(id), index).state();
  switch (of) {
    case ChildState::Waiting:
      explain_holds(core, state, id, index, lines);
      explain_dependencies(core, state, id, index, lines);
      break;
    case ChildState::Promised:
      explain_holds(core, state, id, index, lines);
      explain_dependencies(core, state, id, index, lines);
      explain_grant(core, state, id, index, now, lines);
      break;
    case ChildState::Runnable:
      explain_holds(core, state, id, index, lines);
      if (lines.empty()) explain_room(core, state, id, index, now, lines);
      break;
    case ChildState::Granted:
      explain_holds(core, state, id, index, lines);
      explain_grant(core, state, id, index, now, lines);
      break;
    case ChildState::Running:
      explain_grant(core, state, id, index, now, lines);
      break;
    case ChildState::Succeeded:
    case ChildState::Failed:
    case ChildState::DependencyFailed:
    case ChildState::Cancelled:
    case ChildState::Skipped:
      lines.push_back(state_text(core, state, id, index));
      if (of == ChildState::DependencyFailed)
        explain_failed_dependency(core, state, id, index, lines);
      if (of == ChildState::Failed) explain_failure(core, state, id, index, lines);
      break;
  }
}

std::string summary_of(const Counts& counts) {
  std::string text;
  std::array<std::uint64_t, model::kJobStatuses> by_status{};
  for (int i = 0; i < model::kChildStates; ++i) {
    const auto state = static_cast<ChildState>(i);
    by_status[static_cast<std::size_t>(model::status_of(state))] += counts[state];
  }
  for (int i = 0; i < model::kJobStatuses; ++i) {
    const std::uint64_t count = by_status[static_cast<std::size_t>(i)];
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                        model::to_string(static_cast<model::JobStatus>(i)));
  }
  return text;
}

// The first child in this state stands for all of them.
void explain_some(const Scheduler& core, const State& state, JobId id, ChildState of, Instant now,
                  Lines& lines) {
  const JobState& job = state.job(id);
  const std::uint64_t count = state.counts(job)[of];
  if (count == 0) return;
  ChildIndex first = 0;
  while (state.child(job, first).state() != of) ++first;
  Lines reasons;
  explain_child(core, state, id, first, now, reasons);
  for (std::size_t i = 0; i < reasons.size(); ++i)
    lines.push_back(i == 0 ? fmt::format("{}: {}", child_name(state, id, first), reasons[i])
                           : fmt::format("  {}", reasons[i]));
  if (count > 1)
    lines.push_back(
        fmt::format("  … and {} more {}", count - 1, model::to_string(model::status_of(of))));
}

void explain_array(const Scheduler& core, const State& state, JobId id, Instant now, Lines& lines) {
  const JobState& job = state.job(id);
  const Counts counts = state.counts(job);
  lines.push_back(summary_of(counts));
  if (const std::string reason = core.status_reason(id); !reason.empty()) lines.push_back(reason);
  for (const ChildState of :
       {ChildState::Runnable, ChildState::Waiting, ChildState::Promised, ChildState::Granted,
        ChildState::Failed, ChildState::DependencyFailed})
    explain_some(core, state, id, of, now, lines);
}

}  // namespace

std::string child_name(const State& state, JobId id, ChildIndex index) {
  const std::string_view name = state.names.name(id);
  return state.array(state.job(id)) ? fmt::format("{}:{}", name, index) : std::string(name);
}

std::string state_text(const Scheduler& core, const State& state, JobId id, ChildIndex index) {
  const ChildState of = state.child(state.job(id), index).state();
  const std::string reason = core.status_reason(id, index);
  std::string text(model::to_string(model::status_of(of)));
  if (of == ChildState::Cancelled) text += " (cancelled)";
  if (!reason.empty()) text += ": " + reason;
  if (of == ChildState::Failed && core.attempts_failed(id, index) > 1)
    text += fmt::format(" ({} attempts)", core.attempts_failed(id, index));
  return text;
}

void explain_holds(const Scheduler&, const State& state, JobId id, ChildIndex index, Lines& lines) {
  const JobState& job = state.job(id);
  const JobExtra* more = state.extra_of(job);
  if (more && more->held.contains(index))
    lines.push_back(
        fmt::format("held by a user; {} lets it go on",
                    release(state, id, state.array(job) ? std::optional(index) : std::nullopt)));
  if (more && !more->trouble.empty()) {
    lines.push_back(
        fmt::format("its job is held: {}; {} lets it go on", more->trouble, release(state, id)));
  } else if (state.held_by_failures(job)) {
    lines.push_back(fmt::format(
        "its job is held: {} failed{}, its maxFailures is {}; {} forgives them, the next "
        "run retries them",
        children_text(more->counts[ChildState::Failed] - more->forgiven),
        since_release(more->forgiven), *state.kind(job).max_failures, release(state, id)));
  }
  if (state.plan_held())
    lines.push_back(
        fmt::format("all that waits is held: {} failed{}, the plan's maxFailures is {}; `mpibatch "
                    "release --all` "
                    "forgives them, the next run retries them",
                    counted(state.failed - state.forgiven, "task"), since_release(state.forgiven),
                    *state.rules.max_failures));
  if (!state.only) return;
  const auto wanted = state.only->find(id);
  if (wanted == state.only->end() || !wanted->second.contains(index))
    lines.emplace_back("this run is for something else (--only)");
}

std::vector<std::string> Scheduler::explain(JobId id, std::optional<ChildIndex> child,
                                            Instant now) const {
  const State& state = *state_;
  if (!state.known(id)) return {"it is no job of this run"};
  const JobState& job = state.job(id);
  if (!job.in_plan) return {"it is no longer part of the plan"};
  if (child && *child >= job.size) return {fmt::format("{} has no such child", name(id))};
  Lines lines;
  if (!child && state.array(job)) {
    explain_array(*this, state, id, now, lines);
  } else {
    explain_child(*this, state, id, child.value_or(0), now, lines);
  }
  return lines;
}

}  // namespace mpibatch::scheduler
