#include <mpibatch/base/check.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

using model::DependencyType;

void Scheduler::State::set_state(JobId id, ChildIndex index, ChildState to) {
  JobState& owner = job(id);
  ChildByte& byte = child(owner, index);
  const ChildState from = byte.state();
  MPIBATCH_CHECK(model::legal(from, to));
  byte.set(to);
  --owner.counts.of[static_cast<std::size_t>(from)];
  ++owner.counts.of[static_cast<std::size_t>(to)];
  if (model::terminal(to)) --unfinished;
  const ReadyKey key{-std::int64_t{queues[owner.spec.queue].priority}, owner.order, id};
  if (to == ChildState::Runnable) {
    owner.runnable.insert(index);
    if (owner.runnable.size() == 1) ready.insert(key);
  } else if (from == ChildState::Runnable) {
    owner.runnable.erase(index);
    if (owner.runnable.empty()) ready.erase(key);
  }
}

void Scheduler::State::settle(JobId id, ChildIndex index, ChildState to) {
  set_state(id, index, to);
  if (!model::terminal(to)) return;
  Work work{{id, index}};
  run(work);
}

void Scheduler::State::wait_again(JobId id, ChildIndex index) {
  const JobState& owner = job(id);
  if (child_ready(owner, index)) return set_state(id, index, ChildState::Runnable);
  set_state(id, index, ChildState::Waiting);
  if (dependency_failed(owner, index)) settle(id, index, ChildState::DependencyFailed);
}

// A worklist, not a recursion: a chain may be a million jobs long.
void Scheduler::State::run(Work& work) {
  while (!work.empty()) {
    const auto [id, index] = work.back();
    work.pop_back();
    follow(id, index, work);
  }
}

void Scheduler::State::follow(JobId id, ChildIndex index, Work& work) {
  follow_children_of(id, index, work);
  JobState& owner = job(id);
  if (!job_terminal(owner) || owner.announced) return;
  owner.announced = true;
  follow_job(id, work);
}

void Scheduler::State::follow_children_of(JobId id, ChildIndex index, Work& work) {
  const JobState& owner = job(id);
  const bool succeeded = child(owner, index).state() == ChildState::Succeeded;
  for (const Dependent& dependent : owner.dependents) {
    if (dependent.type == DependencyType::NToN) follow_child(dependent.job, index, succeeded, work);
    if (dependent.type == DependencyType::Sequential && index + 1 < owner.spec.size)
      follow_child(id, index + 1, succeeded, work);
  }
}

void Scheduler::State::follow_child(JobId dependent, ChildIndex index, bool succeeded, Work& work) {
  const JobState& waiting = job(dependent);
  if (index >= waiting.spec.size || child(waiting, index).state() != ChildState::Waiting) return;
  if (!succeeded) {
    set_state(dependent, index, ChildState::DependencyFailed);
    work.emplace_back(dependent, index);
  } else if (child_ready(waiting, index)) {
    set_state(dependent, index, ChildState::Runnable);
  }
}

void Scheduler::State::follow_job(JobId id, Work& work) {
  const bool failed = job_failed(job(id));
  for (const Dependent& dependent : job(id).dependents) {
    if (dependent.type != DependencyType::All) continue;
    if (failed) {
      fail_waiting(dependent.job, work);
    } else if (--job(dependent.job).gates == 0) {
      release_waiting(dependent.job);
    }
  }
}

void Scheduler::State::fail_waiting(JobId id, Work& work) {
  const JobState& waiting = job(id);
  bool each = false;  // one by one only where somebody waits for single children
  for (const Dependent& dependent : waiting.dependents)
    each = each || dependent.type != DependencyType::All;
  std::optional<ChildIndex> last;
  for (ChildIndex index = 0; index < waiting.spec.size; ++index) {
    if (child(waiting, index).state() != ChildState::Waiting) continue;
    set_state(id, index, ChildState::DependencyFailed);
    last = index;
    if (each) work.emplace_back(id, index);
  }
  if (last && !each) work.emplace_back(id, *last);
}

void Scheduler::State::release_waiting(JobId id) {
  const JobState& waiting = job(id);
  const bool all = !waiting.per_child_dependencies();
  for (ChildIndex index = 0; index < waiting.spec.size; ++index) {
    if (child(waiting, index).state() != ChildState::Waiting) continue;
    if (all || child_ready(waiting, index)) set_state(id, index, ChildState::Runnable);
  }
}

bool Scheduler::State::child_ready(const JobState& waiting, ChildIndex index) const {
  if (waiting.gates > 0) return false;
  for (const model::Dependency& dependency : waiting.spec.depends_on) {
    if (dependency.type == DependencyType::NToN &&
        child(job(dependency.job), index).state() != ChildState::Succeeded)
      return false;
    if (dependency.type == DependencyType::Sequential && index > 0 &&
        child(waiting, index - 1).state() != ChildState::Succeeded)
      return false;
  }
  return true;
}

bool Scheduler::State::dependency_failed(const JobState& waiting, ChildIndex index) const {
  for (const model::Dependency& dependency : waiting.spec.depends_on) {
    const JobState& awaited = job(dependency.job);
    switch (dependency.type) {
      case DependencyType::All:
        if (job_failed(awaited)) return true;
        break;
      case DependencyType::NToN:
        if (model::failed(child(awaited, index).state())) return true;
        break;
      case DependencyType::Sequential:
        if (index > 0 && model::failed(child(waiting, index - 1).state())) return true;
        break;
    }
  }
  return false;
}

bool Scheduler::State::job_terminal(const JobState& owner) const {
  return owner.counts.terminal() == owner.spec.size;
}

bool Scheduler::State::job_failed(const JobState& owner) const {
  return job_terminal(owner) && owner.counts[ChildState::Succeeded] != owner.spec.size;
}

namespace {

// What is derived starts again as Waiting; what an attempt or a user made of a child stands for
// itself.
ChildState stands(ChildState state) {
  const bool derived = state == ChildState::Runnable || state == ChildState::DependencyFailed;
  return derived ? ChildState::Waiting : state;
}

}  // namespace

void Scheduler::State::derive() {
  ready.clear();
  unfinished = 0;
  for (JobState& owner : jobs) {
    owner.counts = {};
    owner.runnable.clear();
    owner.dependents.clear();
    owner.gates = 0;
    owner.announced = false;
    if (!owner.in_plan) continue;
    for (ChildIndex index = 0; index < owner.spec.size; ++index) {
      ChildByte& byte = child(owner, index);
      byte.set(stands(byte.state()));
      ++owner.counts.of[static_cast<std::size_t>(byte.state())];
    }
    unfinished += owner.counts.total() - owner.counts.terminal();
  }
  for (std::uint32_t number = 0; number < jobs.size(); ++number) {
    JobState& owner = jobs[number];
    if (!owner.in_plan) continue;
    for (const model::Dependency& dependency : owner.spec.depends_on) {
      JobState& awaited = job(dependency.job);
      awaited.dependents.push_back({JobId{number}, dependency.type});
      if (dependency.type == DependencyType::All && (!job_terminal(awaited) || job_failed(awaited)))
        ++owner.gates;
    }
  }
  for (std::uint32_t number = 0; number < jobs.size(); ++number)
    if (jobs[number].in_plan && jobs[number].gates == 0) release_waiting(JobId{number});

  for (std::uint32_t number = 0; number < jobs.size(); ++number) derive_failures(JobId{number});
}

// What failed or was cancelled takes along what waits for it.
void Scheduler::State::derive_failures(JobId id) {
  JobState& owner = job(id);
  if (!owner.in_plan || owner.dependents.empty()) return;
  Work work;
  for (ChildIndex index = 0; index < owner.spec.size; ++index) {
    const ChildState state = child(owner, index).state();
    if (model::failed(state) && state != ChildState::DependencyFailed)
      follow_children_of(id, index, work);
  }
  if (job_terminal(owner) && !owner.announced) {
    owner.announced = true;
    if (job_failed(owner)) follow_job(id, work);
  }
  run(work);
}

}  // namespace mpibatch::scheduler
