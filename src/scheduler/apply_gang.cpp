// Multi-node parallel jobs: all parts together, and one outcome when the last part is back.
#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "scheduler/apply.hpp"

namespace mpibatch::scheduler {

Result<void> Applier::operator()(const model::GangGranted& fact) {
  if (!state.known(fact.job) || !state.job(fact.job).in_plan)
    return impossible(fact, "the plan has no such job");
  const JobState& job = state.job(fact.job);
  const auto& shape = state.kind(job).gang;
  if (!shape) return impossible(fact, "that job is no multi-node parallel one");
  if (fact.child >= job.size) return impossible(fact, "the array is smaller");
  if (fact.parts.empty()) return impossible(fact, "it has no parts");
  if (state.child(job, fact.child).state() != ChildState::Runnable)
    return impossible(fact, "it was not runnable");
  std::uint64_t members = 0;
  for (std::size_t i = 0; i < fact.parts.size(); ++i) {
    const model::GangPart& part = fact.parts[i];
    if (!state.known(part.node)) return impossible(fact, "there is no such node");
    if (state.grants.contains(part.grant)) return impossible(fact, "that grant exists");
    for (std::size_t j = 0; j < i; ++j)
      if (fact.parts[j].grant == part.grant) return impossible(fact, "a grant stands twice");
    if (!model::well_formed(part.members) || part.members.empty())
      return impossible(fact, "its members are malformed");
    members += model::count(part.members);
  }
  if (members != shape->nodes || !model::contains(fact.parts[0].members, shape->main))
    return impossible(fact, "its members are not the job's");

  const GrantId main = fact.parts[0].grant;
  GangState& gang = state.gangs[main];
  gang.job = fact.job;
  gang.child = fact.child;
  gang.parts_left = static_cast<std::uint32_t>(fact.parts.size());
  state.gang_takes(gang, false);
  state.grant_all(fact.job, {{fact.child, fact.child + 1}});
  for (const model::GangPart& part : fact.parts) {
    GrantState grant;
    grant.node = part.node;
    grant.instance = part.instance;
    grant.job = fact.job;
    grant.revision = state.revision;
    grant.each = part.all;
    grant.environment = part.environment;
    grant.since = fact.at;
    grant.outstanding.insert(fact.child);
    grant.gang = main;
    grant.members = part.members;
    grant.gang_main = part.grant == main;
    grant.exclusive = shape->exclusive;
    NodeState& node = state.node(part.node);
    ++node.grants;
    node.exclusive += grant.exclusive ? 1 : 0;
    state.take(grant, 1, fact.at);
    if (part.grant.epoch == state.epoch.epoch)
      state.grants_made = std::max(state.grants_made, part.grant.number);
    state.grants.emplace(part.grant, std::move(grant));
  }
  return {};
}

void Applier::gang_started(const GrantState& part) {
  GangState& gang = state.gangs.at(*part.gang);
  // It is over already: this part came late.
  if (gang.outcome != GangState::Outcome::None)
    for (const auto& [id, grant] : state.grants)
      if (grant.gang == part.gang) state.wish(id);
  if (!part.gang_main) return;
  gang.started = true;
  if (gang.child) state.set_state(gang.job, *gang.child, ChildState::Running);
}

void Applier::gang_part_back(GrantId main, GangState::Outcome outcome,
                             const model::NodeName& host) {
  GangState& gang = state.gangs.at(main);
  const bool first =
      gang.outcome == GangState::Outcome::None && outcome != GangState::Outcome::None;
  // The main member's success is the gang's, whatever has become of the others before; and what a
  // user ended does not go again.
  const bool stronger = outcome == GangState::Outcome::Succeeded ||
                        (outcome == GangState::Outcome::Cancelled && gang.goes_again());
  if (first || stronger) {
    gang.outcome = outcome;
    gang.lost_host = host;
    for (const auto& [id, grant] : state.grants)
      if (grant.gang == main) state.wish(id);
  }
  if (--gang.parts_left > 0) return;
  const GangState over = gang;
  state.gang_takes(over, true);
  state.gangs.erase(main);
  gang_outcome(over, over.started && main.epoch == state.epoch.epoch);
}

void Applier::gang_outcome(const GangState& gang, bool counts) {
  if (!gang.child) return;
  switch (gang.outcome) {
    case GangState::Outcome::Succeeded:
      return succeed(gang.job, {{*gang.child, *gang.child + 1}});
    case GangState::Outcome::Failed:
      return state.settle(gang.job, *gang.child, ChildState::Failed);
    case GangState::Outcome::Cancelled:
      return state.settle(gang.job, *gang.child, ChildState::Cancelled);
    case GangState::Outcome::Lost:
      return lose(gang.job, *gang.child, counts, gang.lost_host);
    case GangState::Outcome::None:  // the others ended well, and the main member never said a word
    case GangState::Outcome::Again:
      return state.wait_again(gang.job, *gang.child);
  }
}

}  // namespace mpibatch::scheduler
