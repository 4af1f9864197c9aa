// Who may go on when something ends: the only place that changes a child's state.
#include <mpibatch/base/check.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

using model::DependencyType;
using Edge = Edges::Edge;

void Scheduler::State::set_state(JobId id, ChildIndex index, ChildState to) {
  JobState& owner = job(id);
  ChildByte& byte = child(owner, index);
  const ChildState from = byte.state();
  MPIBATCH_CHECK(model::legal(from, to));
  byte.set(to);
  if (array(owner)) {
    Counts& counts = extras[owner.extra].counts;
    --counts.of[static_cast<std::size_t>(from)];
    ++counts.of[static_cast<std::size_t>(to)];
  }
  if (to == ChildState::Runnable) {
    offer(id, index);
  } else if (from == ChildState::Runnable) {
    withdraw(id, index);
  }
  if (!model::terminal(to)) return;
  --unfinished;
  if (kinds[owner.kind].share != kNone) --shares[kinds[owner.kind].share].unfinished;
  if (to != ChildState::Failed) return;
  ++failed;
  // What is out and has not started is held as well.
  if (rules.max_failures && plan_held() && failed - forgiven == *rules.max_failures + 1)
    wish_all({});
  if (!array(owner) || !held_by_failures(owner)) return;
  const JobExtra& more = extras[owner.extra];
  const std::uint64_t unforgiven = more.counts[ChildState::Failed] - more.forgiven;
  if (!more.trouble.empty() || unforgiven != *kind(owner).max_failures + 1) return;
  offer_again(id);
  wish_all(id);
}

void Scheduler::State::grant_all(JobId id, const model::Ranges& granted) {
  JobState& owner = job(id);
  if (!array(owner)) return set_state(id, 0, ChildState::Granted);
  JobExtra& more = extras[owner.extra];
  const std::uint64_t count = model::count(granted);
  model::for_each(granted, [&](ChildIndex index) { child(owner, index).set(ChildState::Granted); });
  more.counts.of[static_cast<std::size_t>(ChildState::Runnable)] -= count;
  more.counts.of[static_cast<std::size_t>(ChildState::Granted)] += count;
  const bool listed = grantable(id) > 0;
  for (const model::Range& range : granted) {
    more.runnable.erase(range);
    more.boosted.erase(more.boosted.lower_bound(range.begin), more.boosted.lower_bound(range.end));
  }
  if (listed && grantable(id) == 0) delist(id);
}

void Scheduler::State::settle(JobId id, ChildIndex index, ChildState to) {
  set_state(id, index, to);
  if (!model::terminal(to)) return;
  Work work;
  follow(id, index, work);
  run(work);
}

void Scheduler::State::settle_all(JobId id, const model::Ranges& settled, ChildState to) {
  const bool each = job(id).feeds_children;
  std::optional<ChildIndex> last;
  model::for_each(settled, [&](ChildIndex index) {
    if (each) return settle(id, index, to);
    set_state(id, index, to);
    last = index;
  });
  if (!last || !model::terminal(to)) return;
  Work work;
  follow(id, *last, work);
  run(work);
}

void Scheduler::State::wait_again(JobId id, ChildIndex index) {
  if (child_ready(id, index) && !job(id).skips) return set_state(id, index, ChildState::Runnable);
  set_state(id, index, ChildState::Waiting);
  if (dependency_failed(id, index)) return settle(id, index, ChildState::DependencyFailed);
  Work work;
  release(id, index, work);
  run(work);
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
  JobState& owner = job(id);
  if (owner.feeds_children) follow_children_of(id, index, work);
  if (owner.announced || !job_terminal(owner)) return;
  owner.announced = true;
  follow_job(id, work);
}

void Scheduler::State::follow_children_of(JobId id, ChildIndex index, Work& work) {
  const JobState& owner = job(id);
  const bool good = model::good(child(owner, index).state());
  edges.waiting_for(id, [&](const Edge& edge) {
    switch (edge.type) {
      case DependencyType::NToN:
        follow_child(edge.job, index, good, work);
        break;
      case DependencyType::Sequential:
        if (index + 1 < owner.size) follow_child(id, index + 1, good, work);
        break;
      case DependencyType::Match:
        follow_match(matches[edge.match], index, good, work);
        break;
      case DependencyType::All:
      case DependencyType::AfterAny:
      case DependencyType::AfterFailure:
        if (edge.child == index) follow_gate(edge.job, edge.type, good, work);
        break;
    }
  });
}

void Scheduler::State::follow_child(JobId dependent, ChildIndex index, bool good, Work& work) {
  const JobState& waiting = job(dependent);
  if (index >= waiting.size || child(waiting, index).state() != ChildState::Waiting) return;
  if (!good) {
    set_state(dependent, index, ChildState::DependencyFailed);
    work.emplace_back(dependent, index);
  } else {
    release(dependent, index, work);
  }
}

void Scheduler::State::follow_match(MatchState& match, ChildIndex index, bool good, Work& work) {
  const std::uint32_t group = match.groups.awaited[index];
  if (group == model::kNoGroup) return;
  if (good && --match.missing[group] > 0) return;
  for (std::uint32_t i = match.begins[group]; i < match.begins[group + 1]; ++i)
    follow_child(match.waiting, match.members[i], good, work);
}

void Scheduler::State::follow_job(JobId id, Work& work) {
  const bool good = job_good(job(id));
  // Dependents are anywhere in memory: fetched all at once they take the time of one.
  edges.waiting_for(
      id, [&](const Edge& edge) { __builtin_prefetch(&gates[model::number_of(edge.job)], 1); });
  edges.waiting_for(id, [&](const Edge& edge) {
    if (gates[model::number_of(edge.job)] == 1) __builtin_prefetch(&job(edge.job), 1);
  });
  edges.waiting_for(id, [&](const Edge& edge) {
    const bool gate = edge.type == DependencyType::All || edge.type == DependencyType::AfterAny ||
                      edge.type == DependencyType::AfterFailure;
    if (gate && edge.child == model::kAllChildren) follow_gate(edge.job, edge.type, good, work);
  });
}

void Scheduler::State::follow_gate(JobId dependent, DependencyType type, bool good, Work& work) {
  if (type == DependencyType::All && !good) return fail_waiting(dependent, work);
  if (type == DependencyType::AfterFailure && good) job(dependent).skips = true;
  if (--gates[model::number_of(dependent)] == 0) release_waiting(dependent, work);
}

void Scheduler::State::fail_waiting(JobId id, Work& work) {
  const JobState& waiting = job(id);
  std::optional<ChildIndex> last;
  for (ChildIndex index = 0; index < waiting.size; ++index) {
    if (child(waiting, index).state() != ChildState::Waiting) continue;
    set_state(id, index, ChildState::DependencyFailed);
    last = index;
    // One by one only where somebody waits for single children.
    if (waiting.feeds_children) work.emplace_back(id, index);
  }
  if (last && !waiting.feeds_children) work.emplace_back(id, *last);
}

void Scheduler::State::release_waiting(JobId id, Work& work) {
  const JobState& waiting = job(id);
  for (ChildIndex index = 0; index < waiting.size; ++index)
    if (child(waiting, index).state() == ChildState::Waiting) release(id, index, work);
}

void Scheduler::State::release(JobId id, ChildIndex index, Work& work) {
  if (!child_ready(id, index)) return;
  const bool skips = job(id).skips;
  set_state(id, index, skips ? ChildState::Skipped : ChildState::Runnable);
  if (skips) work.emplace_back(id, index);
}

bool Scheduler::State::child_ready(JobId id, ChildIndex index) const {
  const JobState& waiting = job(id);
  if (gates[model::number_of(id)] > 0) return false;
  if (!waiting.per_child) return true;
  bool ready = true;
  edges.awaited_by(id, [&](const Edge& edge) {
    if (edge.type == DependencyType::NToN)
      ready = ready && model::good(child(job(edge.job), index).state());
    if (edge.type == DependencyType::Sequential && index > 0)
      ready = ready && model::good(child(waiting, index - 1).state());
    if (edge.type == DependencyType::Match) {
      const MatchState& match = matches[edge.match];
      ready = ready && match.missing[match.groups.waiting[index]] == 0;
    }
  });
  return ready;
}

bool Scheduler::State::dependency_failed(JobId id, ChildIndex index) const {
  const JobState& waiting = job(id);
  bool lost = false;
  edges.awaited_by(id, [&](const Edge& edge) {
    const JobState& awaited = job(edge.job);
    switch (edge.type) {
      case DependencyType::All:
        lost = lost || (edge.child == model::kAllChildren
                            ? job_terminal(awaited) && !job_good(awaited)
                            : model::failed(child(awaited, edge.child).state()));
        break;
      case DependencyType::NToN:
        lost = lost || model::failed(child(awaited, index).state());
        break;
      case DependencyType::Sequential:
        lost = lost || (index > 0 && model::failed(child(waiting, index - 1).state()));
        break;
      case DependencyType::Match: {
        const model::MatchGroups& groups = matches[edge.match].groups;
        for (ChildIndex other = 0; other < awaited.size && !lost; ++other)
          lost = groups.awaited[other] == groups.waiting[index] &&
                 model::failed(child(awaited, other).state());
        break;
      }
      case DependencyType::AfterAny:
      case DependencyType::AfterFailure:
        break;
    }
  });
  return lost;
}

bool Scheduler::State::job_terminal(const JobState& owner) const {
  if (!array(owner)) return model::terminal(child(owner, 0).state());
  return extras[owner.extra].counts.terminal() == owner.size;
}

bool Scheduler::State::job_good(const JobState& owner) const {
  if (!array(owner)) return model::good(child(owner, 0).state());
  return extras[owner.extra].counts.good() == owner.size;
}

}  // namespace mpibatch::scheduler
