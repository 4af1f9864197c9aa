// What rank 0 wants back from nodes, or ended there; and what it lets through at all.
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

bool over(const Scheduler::State& state, const GrantState& grant) {
  if (!grant.gang) return false;
  return state.gangs.at(*grant.gang).outcome != GangState::Outcome::None;
}

}  // namespace

void Scheduler::State::wish_all(std::optional<JobId> job) {
  for (const auto& [id, grant] : grants)
    if (!job || grant.job == *job) wish(id);
}

model::Ranges Scheduler::to_recall(GrantId id) const {
  const auto found = state_->grants.find(id);
  if (found == state_->grants.end()) return {};
  const GrantState& grant = found->second;
  if (over(*state_, grant)) return {};  // to_stop() has it
  model::RangeSet wanted = grant.wanted;
  for (const model::Range& range : grant.cancelled.ranges()) wanted.insert(range);
  const bool runs = grant.gang && state_->gangs.at(*grant.gang).started;
  const JobState& job = state_->job(grant.job);
  const JobExtra* more = state_->extra_of(job);
  const bool all = job.in_plan && (state_->held_by_failures(job) || state_->plan_held());
  if (!runs && (all || (more && !more->held.empty())))
    model::for_each(grant.outstanding.ranges(), [&](ChildIndex as_granted) {
      const auto child = state_->today(grant, as_granted);
      if (child && (all || more->held.contains(*child))) wanted.insert(as_granted);
    });
  for (const model::Range& range : grant.started.ranges()) wanted.erase(range);
  for (const model::Range& range : grant.terminated.ranges()) wanted.erase(range);
  return wanted.ranges();
}

model::Ranges Scheduler::to_stop(GrantId id) const {
  const auto found = state_->grants.find(id);
  if (found == state_->grants.end()) return {};
  const GrantState& grant = found->second;
  return over(*state_, grant) ? grant.outstanding.ranges() : grant.terminated.ranges();
}

std::vector<GrantId> Scheduler::take_changed_wishes() {
  std::vector<GrantId> changed(state_->changed_wishes.begin(), state_->changed_wishes.end());
  state_->changed_wishes.clear();
  return changed;
}

}  // namespace mpibatch::scheduler
