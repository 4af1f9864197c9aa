// Grants that wait at the node for the turn of their children.
#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "scheduler/apply.hpp"

namespace mpibatch::scheduler {

Result<void> Applier::operator()(const model::GrantedAfter& fact) {
  const model::Granted& granted = fact.granted;
  if (auto good = check_grant(fact, granted); !good) return good;
  if (granted.children.size() != 1) return impossible(fact, "it is more than one range");
  const auto before = state.grants.find(fact.after.grant);
  if (before == state.grants.end() || before->second.job != fact.after.job ||
      !before->second.outstanding.contains(fact.after.child))
    return impossible(fact, "nobody has what it is to come after");
  if (before->second.node != granted.node || before->second.instance != granted.instance)
    return impossible(fact, "another node has what it is to come after");
  if (before->second.gang) return impossible(fact, "it is to come after a gang");
  const GrantChild after{fact.after.grant, fact.after.child};
  if (state.followers.contains(after) || before->second.promised.contains(fact.after.child + 1))
    return impossible(fact, "something else comes after that");
  const JobState& job = state.job(granted.job);
  bool waits = true;
  model::for_each(granted.children, [&](ChildIndex child) {
    waits = waits && state.child(job, child).state() == ChildState::Waiting;
  });
  if (!waits) return impossible(fact, "not all of it was waiting");

  GrantState& grant = open_grant(granted);
  grant.promised = grant.outstanding;
  grant.after = fact.after;
  state.followers[after] = granted.grant;
  NodeState& node = state.node(granted.node);
  node.promised += grant.promised.size();
  state.touch(granted.node);
  model::for_each(granted.children, [&](ChildIndex child) {
    state.set_state(granted.job, child, ChildState::Promised);
  });
  return {};
}

void Applier::take_turn(GrantId id, Instant at) {
  GrantState& grant = state.grants.at(id);
  const ChildIndex first = grant.promised.front();
  grant.promised.erase(first);
  --state.node(grant.node).promised;
  if (grant.after) {
    state.followers.erase({grant.after->grant, grant.after->child});
    grant.after.reset();
  }
  state.take(grant, 1, at);
  grant.since = std::max(grant.since, at);
  if (state.grants_after) state.chains.insert(id);
  const auto child = state.today(grant, first);
  if (!child) return;
  state.set_state(grant.job, *child, ChildState::Granted);
  if (grant.started.contains(first)) state.set_state(grant.job, *child, ChildState::Running);
}

// What has ended has had its turn, and so has what was before it.
void Applier::take_turns(GrantId id, const model::Ranges& as_granted, Instant at) {
  if (as_granted.empty()) return;
  const GrantState& grant = state.grants.at(id);
  while (!grant.promised.empty() && grant.promised.front() < as_granted.back().end)
    take_turn(id, at);
}

void Applier::go_on_after(GrantId id, const model::Ranges& succeeded, Instant at) {
  if (const auto own = state.grants.find(id); own != state.grants.end())
    if (const GrantState& grant = own->second; !grant.promised.empty() && !grant.after)
      if (const ChildIndex next = grant.promised.front();
          next > 0 && model::contains(succeeded, next - 1))
        take_turn(id, at);
  if (state.followers.empty()) return;
  for (const model::Range& range : succeeded)
    for (;;) {
      const auto next = state.followers.lower_bound({id, range.begin});
      if (next == state.followers.end() || next->first >= GrantChild{id, range.end}) break;
      take_turn(next->second, at);
    }
}

model::Ranges Applier::call_off(GrantId id, ChildIndex from, Instant at) {
  const GrantState before = state.grants.at(id);
  model::Ranges back = before.promised.overlap({{from, model::kAllChildren}});
  state.drop(id, state.grants.at(id), back, false, at);
  come_back(before, back);
  return back;
}

// The node gives these back by itself; nobody has to wait for its word.
void Applier::call_off_after(GrantId id, const model::Ranges& lost, Instant at) {
  std::vector<std::pair<GrantId, model::Ranges>> work{{id, lost}};
  while (!work.empty()) {
    const auto [of, gone] = std::move(work.back());
    work.pop_back();
    if (gone.empty()) continue;
    if (const auto own = state.grants.find(of);
        own != state.grants.end() && !own->second.promised.empty())
      work.emplace_back(of, call_off(of, gone.front().begin, at));
    if (state.followers.empty()) continue;
    for (const model::Range& range : gone)
      for (;;) {
        const auto next = state.followers.lower_bound({of, range.begin});
        if (next == state.followers.end() || next->first >= GrantChild{of, range.end}) break;
        const GrantId follower = next->second;
        work.emplace_back(follower, call_off(follower, 0, at));
      }
  }
}

}  // namespace mpibatch::scheduler
