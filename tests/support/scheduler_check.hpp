// What must hold of a scheduler after every fact: its counts are those of its children, and what it
// derived step by step is what a fresh start from its saved state derives at once.
#pragma once

#include <string>

#include <mpibatch/scheduler/scheduler.hpp>

namespace mpibatch::testing {

// Empty where all is well.
inline std::string recount(const scheduler::Scheduler& core) {
  for (std::uint32_t number = 0; number < core.job_count(); ++number) {
    const model::JobId job{number};
    if (!core.in_plan(job)) continue;
    scheduler::Counts counts;
    for (model::ChildIndex child = 0; child < core.size(job); ++child)
      ++counts.of[static_cast<std::size_t>(core.state(job, child))];
    if (counts != core.counts(job))
      return "the counts of job '" + std::string(core.name(job)) + "' lie";
  }
  for (const scheduler::GrantView& grant : core.grants()) {
    if (grant.children.empty()) return "grant " + model::to_string(grant.id) + " is empty";
    for (const model::Range& range : grant.children)
      for (model::ChildIndex child = range.begin; child < range.end; ++child) {
        const auto today = core.outstanding(grant.id, child);
        if (!today || grant.gang) continue;  // a gang runs with its main member
        const model::ChildState state = core.state(grant.job, *today);
        const bool runs = model::contains(grant.started, child);
        const bool waits = model::contains(grant.promised, child);
        if (state != (waits  ? model::ChildState::Promised
                      : runs ? model::ChildState::Running
                             : model::ChildState::Granted))
          return "grant " + model::to_string(grant.id) + " holds child " + std::to_string(child) +
                 ", which is " + std::string(model::to_string(state));
      }
  }
  return {};
}

inline std::string difference(const scheduler::Scheduler& one, const scheduler::Scheduler& other) {
  for (std::uint32_t number = 0; number < one.job_count(); ++number) {
    const model::JobId job{number};
    if (one.in_plan(job) != other.in_plan(job)) return "another plan";
    if (!one.in_plan(job)) continue;
    for (model::ChildIndex child = 0; child < one.size(job); ++child)
      if (one.state(job, child) != other.state(job, child))
        return std::string(one.name(job)) + ":" + std::to_string(child) + " is " +
               std::string(model::to_string(one.state(job, child))) + " here, " +
               std::string(model::to_string(other.state(job, child))) + " there";
    if (one.counts(job) != other.counts(job))
      return "other counts of " + std::string(one.name(job));
  }
  if (one.everything_terminal() != other.everything_terminal())
    return "the end is seen differently";
  return one.save() == other.save() ? "" : "saved bytes differ";
}

inline std::string inconsistency(const scheduler::Scheduler& core) {
  if (std::string wrong = recount(core); !wrong.empty()) return wrong;
  const auto loaded = scheduler::Scheduler::load(core.save());
  if (!loaded) return "what it saved does not load: " + loaded.error().message;
  return difference(core, *loaded);
}

}  // namespace mpibatch::testing
