// What grants take and give back.
#include <algorithm>
#include <cmath>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

void add(model::Resources& sum, const model::Resources& each, std::uint64_t times) {
  sum.vcpus += static_cast<std::uint32_t>(each.vcpus * times);
  sum.memory_mib += each.memory_mib * times;
  sum.gpus += static_cast<std::uint32_t>(each.gpus * times);
}

void subtract(model::Resources& sum, const model::Resources& each, std::uint64_t times) {
  sum.vcpus -= static_cast<std::uint32_t>(each.vcpus * times);
  sum.memory_mib -= each.memory_mib * times;
  sum.gpus -= static_cast<std::uint32_t>(each.gpus * times);
}

// A gang takes of consumables once, for all its members: what comes back, until the last of them
// is back (gang_takes()), what is spent, with its main member.
bool takes(const Scheduler::State& state, const GrantState& grant,
           const model::ConsumableUse& use) {
  if (!grant.gang) return true;
  return grant.gang_main && !state.rules.consumables[use.consumable].replenishable;
}

}  // namespace

std::optional<ChildIndex> Scheduler::State::today(const GrantState& grant,
                                                  ChildIndex as_granted) const {
  if (!grant.today) return as_granted;
  const auto found = grant.today->find(as_granted);
  if (found == grant.today->end()) return std::nullopt;
  return found->second;
}

void Scheduler::State::touch(NodeId id) {
  NodeState& of = node(id);
  if (of.touched) return;
  of.touched = true;
  touched.push_back(id);
}

double Scheduler::State::used(const ShareState& share, Instant at) const {
  const Duration decay = rules.policies[*rules.queues[share.queue].policy].decay;
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  const double window = seconds(decay > Duration{0} ? decay : kShareWindow);
  const double passed = at > share.upto ? seconds(at - share.upto) : 0;
  const double left = std::exp(-passed / window);
  return share.used * left + static_cast<double>(share.vcpus) * window * (1 - left);
}

void Scheduler::State::charge(const JobState& owner, std::int64_t vcpus, Instant at) {
  if (!owner.in_plan || kinds[owner.kind].share == kNone) return;
  ShareState& share = shares[kinds[owner.kind].share];
  share.used = used(share, at);
  share.upto = std::max(share.upto, at);
  share.vcpus = static_cast<std::uint64_t>(static_cast<std::int64_t>(share.vcpus) + vcpus);
}

void Scheduler::State::take(const GrantState& grant, std::uint64_t count, Instant at) {
  touch(grant.node);
  const std::uint64_t vcpus = grant.each.vcpus * count;
  add(node(grant.node).granted, grant.each, count);
  if (grant.environment < environment_vcpus.size()) environment_vcpus[grant.environment] += vcpus;
  const JobState& owner = job(grant.job);
  charge(owner, static_cast<std::int64_t>(vcpus), at);
  if (!owner.in_plan) return;
  for (const model::ConsumableUse& use : kind(owner).consumables)
    if (takes(*this, grant, use)) in_use[use.consumable] += use.quantity * count;
}

void Scheduler::State::free(const GrantState& grant, std::uint64_t count, Instant at) {
  touch(grant.node);
  const std::uint64_t vcpus = grant.each.vcpus * count;
  subtract(node(grant.node).granted, grant.each, count);
  if (grant.environment < environment_vcpus.size()) environment_vcpus[grant.environment] -= vcpus;
  const JobState& owner = job(grant.job);
  charge(owner, -static_cast<std::int64_t>(vcpus), at);
  if (!owner.in_plan) return;
  for (const model::ConsumableUse& use : kind(owner).consumables)
    if (takes(*this, grant, use)) in_use[use.consumable] -= use.quantity * count;
}

void Scheduler::State::gang_takes(const GangState& gang, bool back) {
  const JobState& owner = job(gang.job);
  if (!owner.in_plan) return;
  for (const model::ConsumableUse& use : kind(owner).consumables) {
    if (!rules.consumables[use.consumable].replenishable) continue;
    if (back)
      in_use[use.consumable] -= use.quantity;
    else
      in_use[use.consumable] += use.quantity;
  }
}

void Scheduler::State::drop(const GrantId& id, GrantState& grant, const model::Ranges& as_granted,
                            bool spends, Instant at) {
  std::uint64_t count = model::count(as_granted);
  if (count == 0) return;
  const std::uint64_t promised_before = grant.promised.size();
  for (const model::Range& range : as_granted) {
    grant.outstanding.erase(range);
    for (model::RangeSet* set :
         {&grant.started, &grant.cancelled, &grant.terminated, &grant.wanted, &grant.promised})
      if (!set->empty()) set->erase(range);
  }
  const std::uint64_t called_off = promised_before - grant.promised.size();
  node(grant.node).promised -= called_off;
  count -= called_off;
  if (grant.after && grant.promised.empty()) {
    followers.erase({grant.after->grant, grant.after->child});
    grant.after.reset();
  }
  free(grant, count, at);
  const JobState& owner = job(grant.job);
  if (spends && owner.in_plan)
    for (const model::ConsumableUse& use : kind(owner).consumables)
      if (!rules.consumables[use.consumable].replenishable && takes(*this, grant, use))
        spent[use.consumable] += use.quantity * count;
  if (!grant.outstanding.empty()) return;
  NodeState& of = node(grant.node);
  --of.grants;
  if (grant.exclusive) --of.exclusive;
  changed_wishes.erase(id);
  chains.erase(id);
  grants.erase(id);
}

}  // namespace mpibatch::scheduler
