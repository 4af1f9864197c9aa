// The parts of explain(): each adds its lines, most telling first.
#pragma once

#include <string>
#include <vector>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

using Lines = std::vector<std::string>;

std::string child_name(const Scheduler::State& state, JobId id, ChildIndex index);
// "RUNNABLE", or "SUCCEEDED" with its reason, …
std::string state_text(const Scheduler& core, const Scheduler::State& state, JobId id,
                       ChildIndex index);

// Of a Waiting child: what it depends on and has not come yet.
void explain_dependencies(const Scheduler& core, const Scheduler::State& state, JobId id,
                          ChildIndex index, Lines& lines);
// Of one that a failed dependency ended: which.
void explain_failed_dependency(const Scheduler& core, const Scheduler::State& state, JobId id,
                               ChildIndex index, Lines& lines);
// Holds and --only, of any child that has not ended.
void explain_holds(const Scheduler& core, const Scheduler::State& state, JobId id, ChildIndex index,
                   Lines& lines);
// Of a Runnable one that nothing holds.
void explain_room(const Scheduler& core, const Scheduler::State& state, JobId id, ChildIndex index,
                  Instant now, Lines& lines);
// Of one that is granted, or runs.
void explain_grant(const Scheduler& core, const Scheduler::State& state, JobId id, ChildIndex index,
                   Instant now, Lines& lines);

}  // namespace mpibatch::scheduler
