#include "scheduler/chain.hpp"

#include <algorithm>

#include "scheduler/backlog.hpp"

namespace mpibatch::scheduler {

using model::DependencyType;
using Edge = Edges::Edge;

namespace {

// Each of its children waits for the one before it, for nothing else that is not met, and nobody
// else waits for single ones of them: they would hear of an end only when the node tells of more.
bool sequential(const Scheduler::State& state, JobId id) {
  if (!state.job(id).per_child || state.gates[model::number_of(id)] > 0) return false;
  bool only = true;
  state.edges.awaited_by(id, [&](const Edge& edge) {
    only = only && edge.type != DependencyType::NToN && edge.type != DependencyType::Match;
  });
  state.edges.waiting_for(id, [&](const Edge& edge) {
    const bool for_all = edge.type != DependencyType::NToN && edge.type != DependencyType::Match &&
                         edge.child == model::kAllChildren;
    only = only && (for_all || edge.type == DependencyType::Sequential);
  });
  return only;
}

bool short_enough(const Scheduler::State& state, const JobState& job) {
  return !BacklogDepth(state, job).none();
}

}  // namespace

Chain::Chain(const Scheduler::State& state, Placement& placement, GrantId from, Instant now)
    : state_(state), placement_(placement), now_(now) {
  follow(from);
}

void Chain::follow(GrantId from) {
  for (auto id = std::optional(from); id;) {
    const auto found = state_.grants.find(*id);
    id.reset();
    if (found == state_.grants.end()) return;
    const GrantState& grant = found->second;
    ahead_ += grant.promised.size();
    end_ = {grant.job, grant.outstanding.ranges().back().end - 1, found->first};
    const auto next = state_.followers.find({end_.grant, end_.child});
    if (next != state_.followers.end()) id = next->second;
  }
}

std::optional<model::GrantedAfter> Chain::next() {
  if (state_.plan_held()) return std::nullopt;
  const auto found = state_.grants.find(end_.grant);
  if (found == state_.grants.end()) return std::nullopt;
  const GrantState& last = found->second;
  const JobState& job = state_.job(last.job);
  // What was granted under another plan, or is coming back, leads nowhere.
  for (const model::RangeSet* leaves : {&last.cancelled, &last.terminated, &last.wanted})
    if (leaves->contains(end_.child)) return std::nullopt;
  if (last.gang || last.today || !job.in_plan || !state_.may_start(last.job, end_.child) ||
      !short_enough(state_, job))
    return std::nullopt;
  auto made = state_.array(job) ? next_of_array(last) : next_job(last);
  if (!made) return std::nullopt;
  const model::Range& children = made->granted.children.front();
  end_ = {made->granted.job, children.end - 1, made->granted.grant};
  ahead_ += children.size();
  going_on_ = true;
  return made;
}

std::uint64_t Chain::room(const GrantState& last, const JobState& job) const {
  const BacklogDepth depth(state_, job);
  const std::uint64_t most = std::min(depth.per_slot, kChainLinksMax);
  // Behind the half of it: many links at once cost rank 0 less than one by one.
  if (ahead_ >= most || (ahead_ > most / 2 && !going_on_)) return 0;
  const NodePlace& node = placement_.node(model::number_of(last.node));
  const std::uint64_t here = depth.room(node, room_of(last.each));
  const std::uint64_t promised = state_.node(last.node).promised;
  return std::min(most - ahead_, here - std::min(here, promised));
}

// It takes over the room of what it comes behind, and nobody's turn.
bool Chain::fits_behind(const GrantState& last, const JobState& job) const {
  const NodeState& node = state_.node(last.node);
  const NodePlace& place = placement_.node(model::number_of(last.node));
  if (!node.present || !node.open || node.instance != last.instance || place.exclusive ||
      placement_.kept_clear(place))
    return false;
  const model::JobSpec& kind = state_.kind(job);
  const JobState& before = state_.job(last.job);
  if (kind.gang || !kind.consumables.empty() || state_.lane(job) != state_.lane(before) ||
      state_.rules.queues[kind.queue].policy || state_.earliest(job) > state_.woken_upto)
    return false;
  if (state_.allocation && now_ + kBacklogWindow + state_.expected(job) > state_.allocation->second)
    return false;
  const auto& choices = placement_.places(state_, job.kind).choices;
  return std::any_of(choices.begin(), choices.end(), [&](const KindPlaces::Choice& choice) {
    return choice.environment == last.environment &&
           std::find(place.pools.begin(), place.pools.end(), choice.pool) != place.pools.end();
  });
}

bool Chain::may_follow(const GrantState& last, JobId id, ChildIndex index) const {
  const JobState& job = state_.job(id);
  if (state_.child(job, index).state() != ChildState::Waiting || !state_.may_start(id, index))
    return false;
  const model::Resources asked = state_.asks(job, index);
  return asked.vcpus <= last.each.vcpus && asked.memory_mib <= last.each.memory_mib &&
         asked.gpus == last.each.gpus;
}

std::optional<model::GrantedAfter> Chain::next_of_array(const GrantState& last) {
  const JobState& job = state_.job(last.job);
  const model::Resources& each = state_.kind(job).resources;
  if (!sequential(state_, last.job) || !fits_behind(last, job)) return std::nullopt;
  const ChildIndex first = end_.child + 1;
  const auto most =
      static_cast<ChildIndex>(std::min<std::uint64_t>(room(last, job), job.size - first));
  ChildIndex past = first;
  while (past - first < most && may_follow(last, last.job, past) && state_.asks(job, past) == each)
    ++past;
  if (past == first) return std::nullopt;
  return link(last, last.job, {first, past});
}

std::optional<model::GrantedAfter> Chain::next_job(const GrantState& last) {
  // Others that wait for the same end would hear of it only when the node tells of more.
  if (state_.edges.waiting_count(last.job) != 1) return std::nullopt;
  std::optional<JobId> found;
  state_.edges.waiting_for(last.job, [&](const Edge& edge) {
    if (edge.type != DependencyType::All || edge.child != model::kAllChildren) return;
    const JobState& job = state_.job(edge.job);
    if (state_.gates[model::number_of(edge.job)] != 1 || job.per_child || job.skips ||
        state_.array(job) || !may_follow(last, edge.job, 0))
      return;
    if (fits_behind(last, job) && room(last, job) > 0) found = edge.job;
  });
  if (!found) return std::nullopt;
  return link(last, *found, {0, 1});
}

model::GrantedAfter Chain::link(const GrantState& last, JobId job, model::Range children) const {
  model::GrantedAfter made;
  model::Granted& granted = made.granted;
  granted.grant = {state_.epoch.epoch, state_.grants_made + 1};
  granted.node = last.node;
  granted.instance = last.instance;
  granted.job = job;
  granted.children = {children};
  granted.each = state_.asks(state_.job(job), children.begin);
  granted.environment = last.environment;
  granted.at = now_;
  made.after = end_;
  return made;
}

}  // namespace mpibatch::scheduler
