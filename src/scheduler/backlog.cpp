#include "scheduler/backlog.hpp"

#include <algorithm>
#include <map>

namespace mpibatch::scheduler {

namespace {

// So many nodes with too much, and so many idle ones, are looked at in a round.
constexpr std::size_t kTakeBackNodesMax = 64;
// … and so many grants.
constexpr std::size_t kTakeBackGrantsMax = 2048;

// The least number of these whose going makes `over` (what is lacking, in each respect) good.
std::uint64_t number_over(const Room& free, const Room& each) {
  std::int64_t count = 0;
  const auto respect = [&](std::int64_t there, std::int64_t asked) {
    if (there < 0 && asked > 0) count = std::max(count, (-there + asked - 1) / asked);
  };
  respect(free.vcpus, each.vcpus);
  respect(free.memory_mib, each.memory_mib);
  respect(free.gpus, each.gpus);
  return static_cast<std::uint64_t>(count);
}

// vCPUs that an environment may give out beside what it has given.
std::uint64_t vcpus_left(const Scheduler::State& state, std::uint32_t environment) {
  const std::uint64_t most = state.rules.environments[environment].max_vcpus;
  if (most == 0) return UINT64_MAX;
  return most - std::min(most, state.environment_vcpus[environment]);
}

// How many jobs of this kind idle nodes could start now; `from` is the environment that they have
// been given out through.
std::uint64_t idle_room(const Scheduler::State& state, Placement& placement, std::uint32_t kind,
                        std::uint32_t from) {
  const Room asked = room_of(state.kinds[kind].spec.resources);
  std::uint64_t room = 0;
  for (const KindPlaces::Choice& choice : placement.places(state, kind).choices) {
    if (choice.pool < placement.closed.size() && placement.closed[choice.pool]) return 0;
    std::size_t looked_at = 0;
    std::uint64_t of_choice = 0;
    placement.pool(choice.pool).emptiest_first([&](std::uint32_t number) {
      const std::uint64_t here = times(asked, placement.node(number).free);
      of_choice += here;
      return here > 0 && ++looked_at < kTakeBackNodesMax;
    });
    if (choice.environment != from && choice.environment != model::kNoEnvironment)
      of_choice = std::min(of_choice,
                           vcpus_left(state, choice.environment) /
                               static_cast<std::uint64_t>(std::max<std::int64_t>(1, asked.vcpus)));
    room += of_choice;
  }
  return room;
}

// The last of those that have not started and are not asked for yet: the others start sooner.
model::Ranges last_waiting(const GrantState& grant, std::uint64_t most) {
  model::RangeSet waiting = grant.outstanding;
  for (const model::RangeSet* less :
       {&grant.started, &grant.cancelled, &grant.wanted, &grant.promised})
    for (const model::Range& range : less->ranges()) waiting.erase(range);
  const std::uint64_t count = std::min(most, waiting.size());
  waiting.take_front(waiting.size() - count);
  return waiting.ranges();
}

// A node with more than it can start; what may be asked back of it, the last one first.
struct Overfull {
  Room free;
  std::vector<std::pair<GrantId, GrantState*>> grants;
};

std::vector<Overfull> overfull(Scheduler::State& state, Placement& placement) {
  std::vector<Overfull> found;
  std::size_t grants = 0;
  placement.everything().fullest_first([&](std::uint32_t number) {
    const NodePlace& node = placement.node(number);
    if (emptiness(node.free) >= 0) return false;
    Overfull& here = found.emplace_back(Overfull{node.free, {}});
    for (auto id = node.given.rbegin(); id != node.given.rend() && grants < kTakeBackGrantsMax;
         ++id, ++grants) {
      const auto grant = state.grants.find(*id);
      if (grant == state.grants.end() || grant->second.gang) continue;
      const JobState& job = state.job(grant->second.job);
      // What asks for more memory than its siblings is too rare to look for its own room.
      if (job.in_plan && grant->second.each == state.kind(job).resources)
        here.grants.emplace_back(*id, &grant->second);
    }
    return found.size() < kTakeBackNodesMax && grants < kTakeBackGrantsMax;
  });
  return found;
}

}  // namespace

BacklogDepth::BacklogDepth(const Scheduler::State& state, const JobState& job) {
  // What is ahead when one failure too many comes can fail, too, before it is called back.
  const auto bound = [&](const std::optional<std::uint64_t>& most, std::uint64_t failed) {
    if (most) per_slot = std::min(per_slot, kCautiousSlots + *most - std::min(*most, failed));
  };
  if (const Pace* pace = state.pace(job)) {
    per_slot = pace->within(kBacklogWindow);
  } else if (const JobExtra* more = state.extra_of(job);
             more && more->attempts_ended > 0 && more->proven) {
    const auto ended = static_cast<std::int64_t>(more->attempts_ended);
    const Duration each = std::max(Duration{1}, more->busy / ended);
    per_slot = static_cast<std::uint64_t>(kBacklogWindow / each);
    bound(state.kind(job).max_failures, more->counts[ChildState::Failed] - more->forgiven);
  }
  per_slot = std::min<std::uint64_t>(per_slot, kBacklogSlotsMax);
  bound(state.rules.max_failures, state.failed - state.forgiven);
}

std::uint64_t BacklogDepth::room(const NodePlace& node, const Room& asked) const {
  const std::uint64_t slots = times(asked, room_of(node.capacity));
  if (slots == 0) return 0;
  Room room = node.free;
  room += asked * (slots * per_slot);
  return times(asked, room);
}

void take_back(Scheduler::State& state, Placement& placement) {
  PoolRoom& nodes = placement.everything();
  if (!nodes.idle() || !nodes.overfull()) return;
  std::vector<Overfull> found = overfull(state, placement);
  // Of each kind and environment, less what is on its way.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> idle;
  const auto left_for = [&](const GrantState& grant) -> std::uint64_t& {
    const std::uint32_t kind = state.job(grant.job).kind;
    const auto [left, is_new] = idle.try_emplace({kind, grant.environment}, 0);
    if (is_new) left->second = idle_room(state, placement, kind, grant.environment);
    return left->second;
  };
  for (Overfull& node : found)
    for (const auto& [id, grant] : node.grants) {
      const std::uint64_t coming = grant->wanted.size();
      if (coming == 0) continue;
      node.free += room_of(grant->each) * coming;
      std::uint64_t& left = left_for(*grant);
      left -= std::min(left, coming);
    }
  for (Overfull& node : found)
    for (const auto& [id, grant] : node.grants) {
      const Room each = room_of(grant->each);
      const std::uint64_t over = number_over(node.free, each);
      // What could be started there is given out first.
      if (over == 0 || state.grantable(grant->job) > 0) continue;
      std::uint64_t& left = left_for(*grant);
      if (left == 0) continue;
      const model::Ranges back = last_waiting(*grant, std::min(over, left));
      if (back.empty()) continue;
      left -= model::count(back);
      node.free += each * model::count(back);
      for (const model::Range& range : back) grant->wanted.insert(range);
      state.wish(id);
    }
}

}  // namespace mpibatch::scheduler
