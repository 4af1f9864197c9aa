// What keeps a child that is ready from being given out, and the lists of jobs that have something
// to give.
#include <cmath>

#include <mpibatch/base/check.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

JobExtra& Scheduler::State::extra(JobId id) {
  JobState& owner = job(id);
  if (owner.extra == kNone) {
    owner.extra = static_cast<std::uint32_t>(extras.size());
    extras.emplace_back();
  }
  return extras[owner.extra];
}

Counts Scheduler::State::counts(const JobState& owner) const {
  if (array(owner)) return extras[owner.extra].counts;
  Counts counts;
  if (owner.in_plan) ++counts.of[static_cast<std::size_t>(child(owner, 0).state())];
  return counts;
}

std::uint32_t Scheduler::State::priority(const JobState& owner) const {
  const JobExtra* more = extra_of(owner);
  return more && more->priority ? *more->priority : kind(owner).priority;
}

const Pace* Scheduler::State::pace(const JobState& owner) const {
  return array(owner) || owner.kind >= paces.size() ? nullptr : &paces[owner.kind];
}

Pace* Scheduler::State::pace(const JobState& owner) {
  if (paces.size() < kinds.size()) paces.resize(kinds.size());
  return const_cast<Pace*>(std::as_const(*this).pace(owner));
}

Duration Scheduler::State::expected(const JobState& owner) const {
  if (kind(owner).expected > Duration{0}) return kind(owner).expected;
  const JobExtra* more = extra_of(owner);
  if (!more || more->attempts_ended == 0) return Duration{0};
  return std::max(Duration{1}, more->busy / static_cast<std::int64_t>(more->attempts_ended));
}

model::Resources Scheduler::State::asks(const JobState& owner, ChildIndex index) const {
  const model::JobSpec& spec = kind(owner);
  model::Resources asked = spec.resources;
  const JobExtra* more = extra_of(owner);
  if (!more || more->out_of_memory.empty()) return asked;
  const auto found = more->out_of_memory.find(index);
  if (found == more->out_of_memory.end()) return asked;
  double memory = static_cast<double>(asked.memory_mib) *
                  std::pow(spec.retry.memory_multiplier, static_cast<double>(found->second));
  if (spec.retry.memory_max_mib > 0)
    memory = std::min(memory, static_cast<double>(spec.retry.memory_max_mib));
  constexpr double kMost = 1e15;  // far from overflow, beyond any node
  asked.memory_mib =
      std::max(asked.memory_mib, static_cast<std::uint64_t>(std::ceil(std::min(memory, kMost))));
  return asked;
}

Instant Scheduler::State::earliest(const JobState& owner) const {
  const Duration wait = kind(owner).not_before;
  return wait > Duration{0} ? began + wait : Instant::min();
}

bool Scheduler::State::held_by_failures(const JobState& owner) const {
  const JobExtra* more = extra_of(owner);
  if (!more) return false;
  if (!more->trouble.empty()) return true;
  const auto& most = kind(owner).max_failures;
  return most && array(owner) && more->counts[ChildState::Failed] > more->forgiven &&
         more->counts[ChildState::Failed] - more->forgiven > *most;
}

bool Scheduler::State::plan_held() const {
  return rules.max_failures && failed > forgiven && failed - forgiven > *rules.max_failures;
}

bool Scheduler::State::may_start(JobId id, ChildIndex index) const {
  const JobState& owner = job(id);
  const JobExtra* more = extra_of(owner);
  if (more && more->held.contains(index)) return false;
  if (only) {
    const auto found = only->find(id);
    if (found == only->end() || !found->second.contains(index)) return false;
  }
  return !held_by_failures(owner);
}

LaneKey Scheduler::State::lane(const JobState& owner) const {
  const JobKind& of = kinds[owner.kind];
  return {-std::int64_t{rules.queues[of.spec.queue].priority}, of.spec.queue, of.share,
          -std::int64_t{priority(owner)}};
}

void Scheduler::State::enlist(JobId id) {
  ++enlisted;
  const JobState& owner = job(id);
  const Instant at = earliest(owner);
  model::RangeSet& orders = at > woken_upto ? sleeping[at] : lanes[lane(owner)];
  orders.insert(owner.order);
}

void Scheduler::State::delist(JobId id) {
  const JobState& owner = job(id);
  const auto remove = [&](auto& lists, const auto& key) {
    const auto found = lists.find(key);
    if (found == lists.end()) return;
    found->second.erase(owner.order);
    if (found->second.empty()) lists.erase(found);
  };
  const Instant at = earliest(owner);
  if (at > woken_upto)
    remove(sleeping, at);
  else
    remove(lanes, lane(owner));
}

void Scheduler::State::offer(JobId id, ChildIndex index) {
  if (!may_start(id, index)) return;
  const JobState& owner = job(id);
  if (array(owner)) {
    JobExtra& more = extras[owner.extra];
    const bool first = more.runnable.empty() && more.boosted.empty();
    if (!more.out_of_memory.empty() && more.out_of_memory.contains(index))
      more.boosted.insert(index);
    else
      more.runnable.insert(index);
    if (!first) return;
  }
  enlist(id);
}

void Scheduler::State::withdraw(JobId id, ChildIndex index) {
  const JobState& owner = job(id);
  if (array(owner)) {
    JobExtra& more = extras[owner.extra];
    more.runnable.erase(index);
    more.boosted.erase(index);
    if (!more.runnable.empty() || !more.boosted.empty()) return;
  }
  delist(id);
}

void Scheduler::State::offer_again(JobId id) {
  const JobState& owner = job(id);
  delist(id);
  if (!array(owner)) {
    if (child(owner, 0).state() == ChildState::Runnable) offer(id, 0);
    return;
  }
  JobExtra& more = extras[owner.extra];
  more.runnable.clear();
  more.boosted.clear();
  if (more.counts[ChildState::Runnable] == 0 || held_by_failures(owner)) return;
  for (ChildIndex index = 0; index < owner.size; ++index)
    if (child(owner, index).state() == ChildState::Runnable) offer(id, index);
}

void Scheduler::State::wake(Instant now) {
  if (now <= woken_upto) return;
  woken_upto = now;
  while (!sleeping.empty() && sleeping.begin()->first <= now) {
    const model::Ranges orders = sleeping.begin()->second.ranges();
    sleeping.erase(sleeping.begin());
    model::for_each(orders, [&](std::uint32_t order) { enlist(by_order[order]); });
  }
}

std::uint64_t Scheduler::State::grantable(JobId id) const {
  const JobState& owner = job(id);
  if (array(owner)) {
    const JobExtra& more = extras[owner.extra];
    return more.runnable.size() + more.boosted.size();
  }
  return child(owner, 0).state() == ChildState::Runnable && may_start(id, 0) ? 1 : 0;
}

}  // namespace mpibatch::scheduler
