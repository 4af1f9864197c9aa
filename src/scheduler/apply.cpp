#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "scheduler/apply.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

tl::unexpected<Error> impossible(const model::Fact& fact, std::string_view why) {
  return fail(ErrorKind::Damaged,
              fmt::format("the journal says '{}', but {}", model::to_string(fact), why));
}

void give(model::Resources& sum, const model::Resources& each, std::uint64_t times) {
  sum.vcpus += static_cast<std::uint32_t>(each.vcpus * times);
  sum.memory_mib += each.memory_mib * times;
}

}  // namespace

std::optional<ChildIndex> Scheduler::State::today(const GrantState& grant,
                                                  ChildIndex as_granted) const {
  if (!grant.today) return as_granted;
  const auto found = grant.today->find(as_granted);
  if (found == grant.today->end()) return std::nullopt;
  return found->second;
}

void Scheduler::State::drop(const GrantId& id, GrantState& grant, ChildIndex as_granted) {
  grant.outstanding.erase(as_granted);
  grant.started.erase(as_granted);
  grant.recall.erase(as_granted);
  model::Resources& sum = node(grant.node).granted;
  sum.vcpus -= grant.each.vcpus;
  sum.memory_mib -= grant.each.memory_mib;
  if (grant.outstanding.empty()) grants.erase(id);
}

Result<void> Applier::operator()(const model::EpochBegan& fact) {
  if (fact.epoch <= state.epoch.epoch) return impossible(fact, "that epoch has been");
  state.epoch = fact;
  state.grants_made = 0;
  state.losses.clear();  // with rank 0 dead as well, nobody can say what took the host down
  return {};
}

Result<void> Applier::operator()(const model::NodeJoined& fact) {
  const std::uint32_t number = model::number_of(fact.node);
  if (number > state.nodes.size()) return impossible(fact, "node numbers have no gaps");
  if (number == state.nodes.size()) {
    state.nodes.emplace_back().name = fact.name;
  } else if (state.node(fact.node).name != fact.name) {
    return impossible(fact, "that node has another name");
  }
  NodeState& node = state.node(fact.node);
  node.instance = fact.instance;
  node.boot_id = fact.boot_id;
  node.capacity = fact.capacity;
  node.present = true;
  state.leases_awaited.erase({fact.node, fact.instance});  // heard of again: that deadline is void
  return {};
}

Result<void> Applier::operator()(const model::NodeGone& fact) {
  if (!state.known(fact.node)) return impossible(fact, "there is no such node");
  NodeState& node = state.node(fact.node);
  if (node.instance == fact.instance) node.present = false;
  state.leases_awaited.erase({fact.node, fact.instance});
  std::vector<GrantId> lost;
  for (const auto& [id, grant] : state.grants)
    if (grant.node == fact.node && grant.instance == fact.instance) lost.push_back(id);
  for (const GrantId& id : lost) {
    const model::RangeSet outstanding = state.grants.at(id).outstanding;
    const model::RangeSet started = state.grants.at(id).started;
    model::for_each(outstanding.ranges(), [&](ChildIndex child) {
      give_up(id, child, started.contains(child), state.node(fact.node).name);
    });
  }
  return {};
}

// Waits again without burning an attempt, unless it takes down every host that runs it.
void Applier::give_up(const GrantId& id, ChildIndex as_granted, bool started,
                      const model::NodeName& host) {
  GrantState& grant = state.grants.at(id);
  const JobId job = grant.job;
  const std::optional<ChildIndex> child = state.today(grant, as_granted);
  const bool cancelled = grant.recall.contains(as_granted);
  state.drop(id, grant, as_granted);
  if (!child) return;
  if (cancelled) {
    state.settle(job, *child, ChildState::Cancelled);
    return;
  }
  const bool counts = started && id.epoch == state.epoch.epoch;
  if (counts && ++state.losses[{job, *child}] >= kHostLossesMax) {
    model::FailedAttempt failure;
    failure.child = *child;
    failure.kind = model::EndKind::Stopped;
    failure.reason = fmt::format("{} hosts were lost while it ran, the last one {}", kHostLossesMax,
                                 model::to_string(host));
    state.failures[{job, *child}] = failure;
    state.settle(job, *child, ChildState::Failed);
    return;
  }
  state.wait_again(job, *child);
}

Result<void> Applier::operator()(const model::LeaseAwaited& fact) {
  if (!state.known(fact.node)) return impossible(fact, "there is no such node");
  state.leases_awaited[{fact.node, fact.instance}] = fact.until;
  return {};
}

Result<void> Applier::operator()(const model::Granted& fact) {
  if (!state.known(fact.node)) return impossible(fact, "there is no such node");
  if (!state.known(fact.job) || !state.job(fact.job).in_plan)
    return impossible(fact, "the plan has no such job");
  if (!model::well_formed(fact.children) || fact.children.empty())
    return impossible(fact, "its ranges are malformed");
  if (state.grants.contains(fact.grant)) return impossible(fact, "that grant exists");
  const JobState& job = state.job(fact.job);
  if (fact.children.back().end > job.spec.size) return impossible(fact, "the array is smaller");
  bool runnable = true;
  model::for_each(fact.children, [&](ChildIndex child) {
    runnable = runnable && state.child(job, child).state() == ChildState::Runnable;
  });
  if (!runnable) return impossible(fact, "not all of it was runnable");

  GrantState grant{
      fact.node, fact.instance, fact.job, state.revision, job.spec.resources, {}, {}, {}, {}};
  for (const model::Range& range : fact.children) grant.outstanding.insert(range);
  model::for_each(fact.children,
                  [&](ChildIndex child) { state.set_state(fact.job, child, ChildState::Granted); });
  give(state.node(fact.node).granted, grant.each, model::count(fact.children));
  if (fact.grant.epoch == state.epoch.epoch)
    state.grants_made = std::max(state.grants_made, fact.grant.number);
  state.grants.emplace(fact.grant, std::move(grant));
  return {};
}

Result<void> Applier::operator()(const model::Started& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  GrantState& grant = found->second;
  model::for_each(fact.children, [&](ChildIndex as_granted) {
    if (!grant.outstanding.contains(as_granted) || grant.started.contains(as_granted)) return;
    grant.started.insert(as_granted);
    grant.recall.erase(as_granted);  // cancelling what has started does nothing
    if (const auto child = state.today(grant, as_granted))
      state.set_state(grant.job, *child, ChildState::Running);
  });
  return {};
}

Result<void> Applier::operator()(const model::Ended& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  const JobId job = found->second.job;
  const auto take = [&](ChildIndex as_granted) -> std::optional<ChildIndex> {
    const auto grant = state.grants.find(fact.grant);
    if (grant == state.grants.end() || !grant->second.outstanding.contains(as_granted))
      return std::nullopt;
    const auto child = state.today(grant->second, as_granted);
    state.drop(fact.grant, grant->second, as_granted);
    return child;
  };
  model::for_each(fact.succeeded, [&](ChildIndex as_granted) {
    const auto child = take(as_granted);
    if (!child) return;
    state.failures.erase({job, *child});
    state.settle(job, *child, ChildState::Succeeded);
  });
  for (const model::FailedAttempt& attempt : fact.failed) {
    const auto child = take(attempt.child);
    if (!child) continue;
    const bool retried = attempt.verdict == model::Verdict::Retried;
    ChildByte& byte = state.child(state.job(job), *child);
    byte.set_attempts_failed(std::min(byte.attempts_failed() + 1, model::kAttemptsMax));
    model::FailedAttempt& failure = state.failures[{job, *child}] = attempt;
    failure.child = *child;
    if (retried) {
      state.wait_again(job, *child);
    } else {
      state.settle(job, *child, ChildState::Failed);
    }
  }
  state.job(job).attempts_ended += model::count(fact.succeeded) + fact.failed.size();
  state.job(job).busy += fact.busy;
  return {};
}

Result<void> Applier::operator()(const model::Returned& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  const JobId job = found->second.job;
  model::for_each(fact.children, [&](ChildIndex as_granted) {
    const auto grant = state.grants.find(fact.grant);
    if (grant == state.grants.end() || !grant->second.outstanding.contains(as_granted)) return;
    const auto child = state.today(grant->second, as_granted);
    const bool cancelled = grant->second.recall.contains(as_granted);
    state.drop(fact.grant, grant->second, as_granted);
    if (!child) return;
    if (cancelled) {
      state.settle(job, *child, ChildState::Cancelled);
    } else {
      state.wait_again(job, *child);
    }
  });
  return {};
}

Result<void> Applier::operator()(const model::CancelRequested& fact) {
  if (!state.known(fact.job)) return impossible(fact, "there is no such job");
  state.requests.insert(fact.request);
  JobState& job = state.job(fact.job);
  if (!job.in_plan) return {};
  job.cancel_reason = fact.reason;
  // The last first: a SEQUENTIAL child is ended by its own cancel, not by that of the one before
  // it.
  for (auto range = fact.children.rbegin(); range != fact.children.rend(); ++range)
    for (ChildIndex index = std::min(range->end, job.spec.size); index-- > range->begin;) {
      const ChildState now = state.child(job, index).state();
      if (now == ChildState::Waiting || now == ChildState::Runnable)
        state.settle(fact.job, index, ChildState::Cancelled);
    }
  for (auto& [id, grant] : state.grants) {
    if (grant.job != fact.job) continue;
    model::for_each(grant.outstanding.ranges(), [&](ChildIndex as_granted) {
      const auto child = state.today(grant, as_granted);
      if (child && !grant.started.contains(as_granted) && model::contains(fact.children, *child))
        grant.recall.insert(as_granted);
    });
  }
  return {};
}

Result<void> Applier::operator()(const model::FailedReopened&) {
  for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
    const JobState& job = state.jobs[number];
    if (!job.in_plan) continue;
    for (ChildIndex index = 0; index < job.spec.size; ++index) {
      ChildByte& byte = state.child(job, index);
      if (byte.state() != ChildState::Failed && byte.state() != ChildState::DependencyFailed)
        continue;
      byte.set(ChildState::Waiting);
      byte.set_attempts_failed(0);
      state.failures.erase({JobId{number}, index});
      state.losses.erase({JobId{number}, index});
    }
  }
  state.finished = false;
  state.derive();
  return {};
}

Result<void> Applier::operator()(const model::RunFinished& fact) {
  if (state.unfinished > 0) return impossible(fact, "not everything is terminal");
  state.finished = true;
  return {};
}

Result<void> Scheduler::apply(const model::Fact& fact) {
  return std::visit(Applier{*state_}, fact);
}

}  // namespace mpibatch::scheduler
