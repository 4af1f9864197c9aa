#include "scheduler/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/base/check.hpp>

namespace mpibatch::scheduler {

tl::unexpected<Error> impossible(const model::Fact& fact, std::string_view why) {
  return mpibatch::fail(ErrorKind::Damaged,
                        fmt::format("the journal says '{}', but {}", model::to_string(fact), why));
}

namespace {

// 126 and 127: what shells say of a command that is not executable, or not found.
bool unstartable(const model::FailedAttempt& attempt) {
  const bool shells =
      attempt.kind == model::EndKind::Exited && (attempt.code == 126 || attempt.code == 127);
  return shells || attempt.kind == model::EndKind::CannotStart;
}

// Children of a grant as they are called today; those that left the plan are not among them.
model::Ranges today_of(const Scheduler::State& state, const GrantState& grant,
                       const model::Ranges& as_granted) {
  if (!grant.today) return as_granted;
  std::vector<ChildIndex> children;
  model::for_each(as_granted, [&](ChildIndex child) {
    if (const auto today = state.today(grant, child)) children.push_back(*today);
  });
  return model::ranges_of(std::move(children));
}

}  // namespace

Result<void> Applier::operator()(const model::EpochBegan& fact) {
  if (fact.epoch <= state.epoch.epoch) return impossible(fact, "that epoch has been");
  if (state.epoch.epoch == model::Epoch{}) state.began = fact.now;
  // The clock may have jumped: no deadline from before means anything on it, not to later epochs
  // either, whose clock goes on from this one's.
  if (fact.boot_id.empty() || fact.boot_id != state.epoch.boot_id) state.leases_awaited.clear();
  state.epoch = fact;
  state.grants_made = 0;
  state.losses.clear();  // with rank 0 dead as well, nobody can say what took the host down
  state.paces.clear();   // not saved: a folded state decides like a loaded one
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
  node.features = fact.features;
  node.present = true;
  ++state.nodes_changed;
  state.touch(fact.node);
  state.leases_awaited.erase({fact.node, fact.instance});  // heard of again: that deadline is void
  return {};
}

Result<void> Applier::operator()(const model::NodeGone& fact) {
  if (!state.known(fact.node)) return impossible(fact, "there is no such node");
  NodeState& node = state.node(fact.node);
  if (node.instance == fact.instance) node.present = false;
  ++state.nodes_changed;
  state.touch(fact.node);
  state.leases_awaited.erase({fact.node, fact.instance});
  std::vector<GrantId> lost;
  for (const auto& [id, grant] : state.grants)
    if (grant.node == fact.node && grant.instance == fact.instance) lost.push_back(id);
  for (const GrantId& id : lost) {
    const GrantState grant = state.grants.at(id);
    const model::NodeName host = node.name;
    const model::Ranges all = grant.outstanding.ranges();
    if (!grant.gang) {
      const model::Ranges ran = grant.started.ranges();
      state.drop(id, state.grants.at(id), ran, true, fact.at);
      if (const auto rest = state.grants.find(id); rest != state.grants.end())
        state.drop(id, rest->second, rest->second.outstanding.ranges(), false, fact.at);
      model::for_each(all, [&](ChildIndex as_granted) {
        const auto child = state.today(grant, as_granted);
        if (!child) return;
        if (grant.cancelled.contains(as_granted)) {
          state.settle(grant.job, *child, ChildState::Cancelled);
        } else {
          const bool counts = grant.started.contains(as_granted) && id.epoch == state.epoch.epoch;
          lose(grant.job, *child, counts, host);
        }
      });
    } else {
      const bool cancelled = !grant.cancelled.empty();
      state.drop(id, state.grants.at(id), all, !grant.started.empty(), fact.at);
      gang_part_back(*grant.gang,
                     cancelled ? GangState::Outcome::Cancelled : GangState::Outcome::Lost, host);
    }
  }
  return {};
}

// Waits again without burning an attempt, unless it takes down every host that runs it.
void Applier::lose(JobId job, ChildIndex child, bool counts, const model::NodeName& host) {
  if (!counts || ++state.losses[{job, child}] < kHostLossesMax) {
    state.wait_again(job, child);
    return;
  }
  model::FailedAttempt failure;
  failure.child = child;
  failure.kind = model::EndKind::Stopped;
  failure.reason = fmt::format("{} hosts were lost while it ran, the last one {}", kHostLossesMax,
                               model::to_string(host));
  state.failures[{job, child}] = failure;
  state.settle(job, child, ChildState::Failed);
}

Result<void> Applier::operator()(const model::LeaseAwaited& fact) {
  if (!state.known(fact.node)) return impossible(fact, "there is no such node");
  state.leases_awaited[{fact.node, fact.instance}] = fact.until;
  return {};
}

Result<void> Applier::check_grant(const model::Fact& whole, const model::Granted& fact) const {
  if (!state.known(fact.node)) return impossible(whole, "there is no such node");
  if (!state.known(fact.job) || !state.job(fact.job).in_plan)
    return impossible(whole, "the plan has no such job");
  if (!model::well_formed(fact.children) || fact.children.empty())
    return impossible(whole, "its ranges are malformed");
  if (state.grants.contains(fact.grant)) return impossible(whole, "that grant exists");
  if (fact.children.back().end > state.job(fact.job).size)
    return impossible(whole, "the array is smaller");
  return {};
}

GrantState& Applier::open_grant(const model::Granted& fact) {
  GrantState grant;
  grant.node = fact.node;
  grant.instance = fact.instance;
  grant.job = fact.job;
  grant.revision = state.revision;
  grant.each = fact.each;
  grant.environment = fact.environment;
  grant.since = fact.at;
  for (const model::Range& range : fact.children) grant.outstanding.insert(range);
  ++state.node(fact.node).grants;
  if (fact.grant.epoch == state.epoch.epoch)
    state.grants_made = std::max(state.grants_made, fact.grant.number);
  const auto place = state.grants.emplace_hint(state.grants.end(), fact.grant, std::move(grant));
  return place->second;
}

Result<void> Applier::operator()(const model::Granted& fact) {
  if (auto good = check_grant(fact, fact); !good) return good;
  const JobState& job = state.job(fact.job);
  bool runnable = true;
  model::for_each(fact.children, [&](ChildIndex child) {
    runnable = runnable && state.child(job, child).state() == ChildState::Runnable;
  });
  if (!runnable) return impossible(fact, "not all of it was runnable");
  state.grant_all(fact.job, fact.children);
  state.take(open_grant(fact), model::count(fact.children), fact.at);
  if (state.grants_after && state.edges.waiting_count(fact.job) > 0)
    state.chains.insert(fact.grant);
  return {};
}

Result<void> Applier::operator()(const model::Started& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  GrantState& grant = found->second;
  bool any = false;
  model::for_each(grant.outstanding.overlap(fact.children), [&](ChildIndex as_granted) {
    if (grant.started.contains(as_granted)) return;
    any = true;
    grant.started.insert(as_granted);
    // Cancelling what has started does nothing.
    if (!grant.terminated.contains(as_granted)) grant.cancelled.erase(as_granted);
    grant.wanted.erase(as_granted);
    // The end of the one before it is not known yet.
    if (grant.gang || grant.promised.contains(as_granted)) return;
    if (const auto child = state.today(grant, as_granted))
      state.set_state(grant.job, *child, ChildState::Running);
  });
  if (!any) return {};
  grant.since = std::max(grant.since, fact.at);
  if (!grant.terminated.empty()) state.wish(fact.grant);
  if (grant.gang) gang_started(grant);
  return {};
}

void Applier::succeed(JobId job, const model::Ranges& children) {
  if (!state.failures.empty())
    model::for_each(children, [&](ChildIndex child) { state.failures.erase({job, child}); });
  if (state.job(job).extra != kNone) {
    JobExtra& more = state.extra(job);
    // Where nobody asks for it, it would tell apart states that the same facts made.
    if (state.array(state.job(job))) more.proven = true;
    if (!more.out_of_memory.empty())
      model::for_each(children, [&](ChildIndex child) { more.out_of_memory.erase(child); });
  }
  state.settle_all(job, children, ChildState::Succeeded);
}

// None: an attempt that could be started.
void Applier::watch_starts(JobId job, const model::FailedAttempt* failure, NodeId node) {
  if (!state.array(state.job(job))) return;
  JobExtra& more = state.extra(job);
  if (!failure || !unstartable(*failure)) {
    more.proven = true;
  } else if (!more.proven && ++more.unstartable >= kUnstartableMax && more.trouble.empty()) {
    const std::string why =
        failure->reason.empty() ? fmt::format("exit code {}", failure->code) : failure->reason;
    more.trouble =
        fmt::format("none of its first {} attempts could be started, the last one on {}: {}",
                    more.unstartable, model::to_string(state.node(node).name), why);
    state.offer_again(job);
    state.wish_all(job);
  }
}

void Applier::fail(JobId job, ChildIndex child, const model::FailedAttempt& attempt, NodeId node) {
  ChildByte& byte = state.child(state.job(job), child);
  byte.set_attempts_failed(std::min(byte.attempts_failed() + 1, model::kAttemptsMax));
  model::FailedAttempt& failure = state.failures[{job, child}] = attempt;
  failure.child = child;
  watch_starts(job, &attempt, node);
  const model::RetryStrategy& retry = state.kind(state.job(job)).retry;
  if (attempt.kind == model::EndKind::OutOfMemory && retry.memory_multiplier > 1)
    ++state.extra(job).out_of_memory[child];
}

Result<void> Applier::operator()(const model::Ended& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  GrantState& grant = found->second;
  const JobId job = grant.job;
  const NodeId node = grant.node;
  const model::Ranges good = grant.outstanding.overlap(fact.succeeded);
  if (!grant.promised.empty()) take_turns(fact.grant, good, fact.at);
  std::vector<std::pair<ChildIndex, const model::FailedAttempt*>> failed;  // as called today
  std::vector<ChildIndex> cancelled;
  std::vector<ChildIndex> dropped;
  for (const model::FailedAttempt& attempt : fact.failed) {
    if (!grant.outstanding.contains(attempt.child)) continue;
    dropped.push_back(attempt.child);
    const auto child = state.today(grant, attempt.child);
    if (!child) continue;
    if (grant.cancelled.contains(attempt.child)) cancelled.push_back(*child);
    failed.emplace_back(*child, &attempt);
  }
  JobExtra* more = state.array(state.job(job)) ? &state.extra(job) : nullptr;
  if (more) {
    more->attempts_ended += model::count(fact.succeeded) + fact.failed.size();
    more->busy += fact.busy;
  }
  if (Pace* pace = state.pace(state.job(job)))
    if (!good.empty() || !failed.empty()) pace->ended(fact.busy, !good.empty());
  const std::optional<GrantId> gang = grant.gang;
  const bool main = grant.gang_main;
  const model::Ranges succeeded = today_of(state, grant, good);
  const model::Ranges bad = model::ranges_of(std::move(dropped));
  if (!grant.promised.empty()) take_turns(fact.grant, bad, fact.at);
  state.drop(fact.grant, grant, good, true, fact.at);
  if (!bad.empty())
    if (const auto rest = state.grants.find(fact.grant); rest != state.grants.end())
      state.drop(fact.grant, rest->second, bad, true, fact.at);
  if (gang) {
    auto outcome = GangState::Outcome::None;  // only the main member's end says anything
    if (main && !failed.empty()) {
      // It is to go again for the loss of another member, and fails for that as well.
      if (!state.gangs.at(*gang).goes_again() || !cancelled.empty())
        fail(job, failed[0].first, *failed[0].second, node);
      outcome = failed[0].second->verdict == model::Verdict::Retried ? GangState::Outcome::Again
                                                                     : GangState::Outcome::Failed;
      if (!cancelled.empty()) outcome = GangState::Outcome::Cancelled;
    } else if (main) {
      outcome = GangState::Outcome::Succeeded;
    }
    gang_part_back(*gang, outcome, state.node(node).name);
    return {};
  }
  if (!succeeded.empty()) succeed(job, succeeded);
  const model::Ranges ended_by_user = model::ranges_of(cancelled);
  for (const auto& [child, attempt] : failed) {
    fail(job, child, *attempt, node);
    if (model::contains(ended_by_user, child)) {
      state.settle(job, child, ChildState::Cancelled);
    } else if (attempt->verdict == model::Verdict::Retried) {
      state.wait_again(job, child);
    } else {
      state.settle(job, child, ChildState::Failed);
    }
  }
  go_on_after(fact.grant, good, fact.at);
  call_off_after(fact.grant, bad, fact.at);
  return {};
}

Result<void> Applier::operator()(const model::Returned& fact) {
  const auto found = state.grants.find(fact.grant);
  if (found == state.grants.end()) return impossible(fact, "there is no such grant");
  const GrantState before = found->second;
  const model::Ranges back = before.outstanding.overlap(fact.children);
  if (back.empty()) return {};
  // What ran and was stopped has used up what it took.
  const model::Ranges ran = before.started.overlap(back);
  const bool asked =
      !before.wanted.empty() || !before.cancelled.empty() || !before.promised.empty();
  if (Pace* pace = state.pace(state.job(before.job)); pace && ran.empty() && !asked) pace->forget();
  state.drop(fact.grant, found->second, ran, true, fact.at);
  if (const auto rest = state.grants.find(fact.grant); rest != state.grants.end())
    state.drop(fact.grant, rest->second, rest->second.outstanding.overlap(back), false, fact.at);
  if (before.gang) {
    gang_part_back(
        *before.gang,
        before.cancelled.empty() ? GangState::Outcome::Again : GangState::Outcome::Cancelled,
        state.node(before.node).name);
    return {};
  }
  come_back(before, back);
  call_off_after(fact.grant, back, fact.at);
  return {};
}

void Applier::come_back(const GrantState& before, const model::Ranges& as_granted) {
  model::for_each(as_granted, [&](ChildIndex index) {
    const auto child = state.today(before, index);
    if (!child) return;
    if (before.cancelled.contains(index)) {
      state.settle(before.job, *child, ChildState::Cancelled);
    } else {
      state.wait_again(before.job, *child);
    }
  });
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
