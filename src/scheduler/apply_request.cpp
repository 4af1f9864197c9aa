// What users ask for, and what ends without an attempt.
#include <algorithm>

#include "scheduler/apply.hpp"

namespace mpibatch::scheduler {

using model::DependencyType;

namespace {

model::Ranges clipped(const model::Ranges& ranges, ChildIndex size) {
  model::Ranges inside;
  for (const model::Range& range : ranges)
    if (range.begin < size) inside.push_back({range.begin, std::min(range.end, size)});
  return inside;
}

// The reason comes back as the status reason of what this ends, now or when its node says so; what
// has ended before keeps its own.
void keep_reason(Scheduler::State& state, JobId id, const model::Ranges& children,
                 const std::string& reason) {
  auto& reasons = state.extra(id).end_reasons;
  const JobState& job = state.job(id);
  model::RangeSet these;
  model::for_each(children, [&](ChildIndex child) {
    if (!model::terminal(state.child(job, child).state())) these.insert(child);
  });
  if (these.empty()) return;
  for (auto& [other, those] : reasons)
    for (const model::Range& range : those.overlap(these.ranges())) those.erase(range);
  std::erase_if(reasons, [](const auto& each) { return each.second.empty(); });
  auto found = std::find_if(reasons.begin(), reasons.end(),
                            [&](const auto& each) { return each.first == reason; });
  if (found == reasons.end()) found = reasons.insert(found, {reason, {}});
  for (const model::Range& range : these.ranges()) found->second.insert(range);
}

}  // namespace

Result<void> Applier::operator()(const model::CancelRequested& fact) {
  if (!state.known(fact.job)) return impossible(fact, "there is no such job");
  state.requests.insert(fact.request);
  if (!state.job(fact.job).in_plan) return {};
  const model::Ranges children = clipped(fact.children, state.job(fact.job).size);
  keep_reason(state, fact.job, children, fact.reason);
  const JobState& job = state.job(fact.job);
  // The last first: a SEQUENTIAL child is ended by its own cancel, not by that of the one before
  // it.
  for (auto range = children.rbegin(); range != children.rend(); ++range)
    for (ChildIndex index = range->end; index-- > range->begin;) {
      const ChildState now = state.child(job, index).state();
      if (now == ChildState::Waiting || now == ChildState::Runnable)
        state.settle(fact.job, index, ChildState::Cancelled);
    }
  for (auto& entry : state.grants) {
    auto& grant = entry.second;
    if (grant.job != fact.job) continue;
    // A gang that has started is cancelled as little as any other job.
    const bool runs = grant.gang && state.gangs.at(*grant.gang).started;
    if (runs && !fact.terminate) continue;
    model::for_each(grant.outstanding.ranges(), [&](ChildIndex as_granted) {
      const auto child = state.today(grant, as_granted);
      if (!child || !model::contains(children, *child)) return;
      if (fact.terminate) grant.terminated.insert(as_granted);
      if (fact.terminate || !grant.started.contains(as_granted)) grant.cancelled.insert(as_granted);
    });
    if (!grant.cancelled.empty()) state.wish(entry.first);
  }
  return {};
}

void Applier::hold(JobId job, const model::Ranges& children) {
  JobExtra& more = state.extra(job);
  for (const model::Range& range : clipped(children, state.job(job).size)) more.held.insert(range);
  state.offer_again(job);
}

void Applier::release(JobId job, const model::Ranges& children) {
  if (state.job(job).extra == kNone) return;
  JobExtra& more = state.extra(job);
  for (const model::Range& range : children) more.held.erase(range);
  more.forgiven = more.counts[ChildState::Failed];
  more.trouble.clear();
  more.unstartable = 0;
  state.offer_again(job);
}

Result<void> Applier::operator()(const model::HoldRequested& fact) {
  if (fact.job && !state.known(*fact.job)) return impossible(fact, "there is no such job");
  state.requests.insert(fact.request);
  if (!fact.job && !fact.hold) state.forgiven = state.failed;
  for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
    const JobId id{number};
    if (!state.jobs[number].in_plan || (fact.job && *fact.job != id)) continue;
    const model::Ranges all{{0, state.jobs[number].size}};
    const model::Ranges& children = fact.job ? fact.children : all;
    if (fact.hold)
      hold(id, children);
    else
      release(id, children);
  }
  if (fact.hold) state.wish_all(fact.job);
  return {};
}

void Applier::forget_failures(JobId job) {
  if (state.job(job).extra == kNone) return;
  JobExtra& more = state.extra(job);
  more.trouble.clear();
  more.unstartable = 0;
  more.proven = false;
}

// As new, with all its attempts. False where it is not terminal, or good work that stays.
bool Applier::reopen(JobId job, ChildIndex child, bool succeeded) {
  ChildByte& byte = state.child(state.job(job), child);
  const ChildState now = byte.state();
  const bool good = model::good(now);
  if (!model::terminal(now) || (good && !succeeded)) return false;
  byte.set(ChildState::Waiting);
  byte.set_attempts_failed(0);
  state.failures.erase({job, child});
  state.losses.erase({job, child});
  if (state.job(job).extra != kNone) state.extra(job).out_of_memory.erase(child);
  return true;
}

Result<void> Applier::operator()(const model::FailedReopened&) {
  for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
    const JobState& job = state.jobs[number];
    if (!job.in_plan) continue;
    for (ChildIndex index = 0; index < job.size; ++index) {
      const ChildState now = state.child(job, index).state();
      if (now == ChildState::Failed || now == ChildState::DependencyFailed)
        reopen(JobId{number}, index, false);
    }
    forget_failures(JobId{number});
  }
  state.finished = false;
  state.derive();
  return {};
}

// All that had to wait for these is done again as well, and what waited for that.
void Applier::reopen_dependents(std::vector<ChildKey> work) {
  const auto redo = [&](JobId job, ChildIndex child) {
    if (child < state.job(job).size && reopen(job, child, true)) work.emplace_back(job, child);
  };
  const auto redo_all = [&](JobId job) {
    for (ChildIndex child = 0; child < state.job(job).size; ++child) redo(job, child);
  };
  while (!work.empty()) {
    const auto [job, child] = work.back();
    work.pop_back();
    state.edges.waiting_for(job, [&, from = job, index = child](const Edges::Edge& edge) {
      switch (edge.type) {
        case DependencyType::NToN:
          return redo(edge.job, index);
        case DependencyType::Sequential:
          return redo(from, index + 1);
        case DependencyType::Match: {
          const MatchState& match = state.matches[edge.match];
          const std::uint32_t group = match.groups.awaited[index];
          if (group == model::kNoGroup) return;
          for (std::uint32_t i = match.begins[group]; i < match.begins[group + 1]; ++i)
            redo(match.waiting, match.members[i]);
          return;
        }
        case DependencyType::All:
        case DependencyType::AfterAny:
        case DependencyType::AfterFailure:
          if (edge.child == model::kAllChildren || edge.child == index) redo_all(edge.job);
          return;
      }
    });
  }
}

Result<void> Applier::operator()(const model::RetryRequested& fact) {
  if (!state.known(fact.job)) return impossible(fact, "there is no such job");
  state.requests.insert(fact.request);
  const JobState& job = state.job(fact.job);
  if (!job.in_plan) return {};
  std::vector<ChildKey> redone;
  model::for_each(clipped(fact.children, job.size), [&](ChildIndex child) {
    if (reopen(fact.job, child, fact.include_succeeded)) redone.emplace_back(fact.job, child);
  });
  forget_failures(fact.job);
  if (fact.dependents) reopen_dependents(std::move(redone));
  state.derive();
  if (state.unfinished > 0) state.finished = false;
  return {};
}

Result<void> Applier::operator()(const model::PriorityRequested& fact) {
  if (!state.known(fact.job)) return impossible(fact, "there is no such job");
  state.requests.insert(fact.request);
  if (!state.job(fact.job).in_plan) return {};
  const bool listed = state.grantable(fact.job) > 0;
  if (listed) state.delist(fact.job);
  state.extra(fact.job).priority = fact.priority;
  if (listed) state.enlist(fact.job);
  return {};
}

Result<void> Applier::operator()(const model::WaitEnded& fact) {
  if (!state.known(fact.job) || !state.job(fact.job).in_plan)
    return impossible(fact, "the plan has no such job");
  if (fact.cancelled)
    keep_reason(state, fact.job, clipped(fact.children, state.job(fact.job).size), fact.reason);
  const JobState& job = state.job(fact.job);
  model::for_each(clipped(fact.children, job.size), [&](ChildIndex child) {
    const ChildState now = state.child(job, child).state();
    if (now != ChildState::Waiting && now != ChildState::Runnable) return;
    if (fact.cancelled) return state.settle(fact.job, child, ChildState::Cancelled);
    model::FailedAttempt failure;
    failure.child = child;
    failure.kind = model::EndKind::Stopped;
    failure.reason = fact.reason;
    state.failures[{fact.job, child}] = failure;
    state.settle(fact.job, child, ChildState::Failed);
  });
  return {};
}

}  // namespace mpibatch::scheduler
