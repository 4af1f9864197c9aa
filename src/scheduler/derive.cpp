// Everything derived, anew, from the states that stand for themselves: what an attempt or a user
// made of a child. The same rules as step by step, played from the beginning.
#include <algorithm>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

using model::DependencyType;
using Edge = Edges::Edge;

namespace {

bool derived(ChildState state) {
  return state == ChildState::Runnable || state == ChildState::DependencyFailed ||
         state == ChildState::Skipped;
}

bool gate(const Edge& edge) {
  return edge.type == DependencyType::All || edge.type == DependencyType::AfterAny ||
         edge.type == DependencyType::AfterFailure;
}

// The longest entry that fits, as AWS Batch matches shareIdentifiers; default 1.
double weight_of(const model::FairSharePolicy& policy, const std::string& id) {
  double weight = 1;
  std::size_t longest = 0;
  for (const auto& [pattern, value] : policy.weights) {
    const bool prefix = pattern.ends_with('*');
    const std::string_view head = std::string_view(pattern).substr(0, pattern.size() - prefix);
    const bool fits = prefix ? id.starts_with(head) : id == pattern;
    if (!fits || pattern.size() + !prefix < longest) continue;
    longest = pattern.size() + !prefix;
    weight = value;
  }
  return weight;
}

}  // namespace

struct Deriver {
  Scheduler::State& state;

  void run() {
    state.lanes.clear();
    state.sleeping.clear();
    state.unfinished = state.failed = 0;
    shares();
    by_order();
    for (std::uint32_t number = 0; number < state.jobs.size(); ++number) count(JobId{number});
    state.forgiven = std::min(state.forgiven, state.failed);
    gates();
    matches();
    resources();
    ready();
    follow();
  }

 private:
  void shares() {
    const std::vector<ShareState> before = std::move(state.shares);
    state.shares.clear();
    for (JobKind& kind : state.kinds) kind.share = kNone;
    for (const JobState& job : state.jobs) {
      if (!job.in_plan) continue;
      JobKind& kind = state.kinds[job.kind];
      const model::Queue& queue = state.rules.queues[kind.spec.queue];
      if (!queue.policy || kind.share != kNone) continue;
      kind.share = share(kind.spec.queue, kind.spec.share, before);
      state.shares[kind.share].weight =
          weight_of(state.rules.policies[*queue.policy], kind.spec.share);
    }
  }

  std::uint32_t share(std::uint32_t queue, const std::string& id,
                      const std::vector<ShareState>& before) {
    const auto same = [&](const ShareState& other) {
      return other.queue == queue && other.id == id;
    };
    const auto found = std::find_if(state.shares.begin(), state.shares.end(), same);
    if (found != state.shares.end())
      return static_cast<std::uint32_t>(found - state.shares.begin());
    ShareState& fresh = state.shares.emplace_back();
    fresh.queue = queue;
    fresh.id = id;
    const auto old = std::find_if(before.begin(), before.end(), same);
    if (old != before.end()) {
      fresh.used = old->used;
      fresh.upto = old->upto;
    }
    return static_cast<std::uint32_t>(state.shares.size() - 1);
  }

  void by_order() {
    state.by_order.clear();
    std::size_t in_plan = 0;
    for (const JobState& job : state.jobs) in_plan += job.in_plan ? 1 : 0;
    state.by_order.resize(in_plan);
    for (std::uint32_t number = 0; number < state.jobs.size(); ++number)
      if (state.jobs[number].in_plan) state.by_order[state.jobs[number].order] = JobId{number};
  }

  void count(JobId id) {
    JobState& job = state.job(id);
    job.announced = job.skips = job.per_child = job.feeds_children = false;
    if (JobExtra* more = job.extra == kNone ? nullptr : &state.extras[job.extra]) {
      more->counts = {};
      more->runnable.clear();
      more->boosted.clear();
    }
    if (!job.in_plan) return;
    Counts counts;
    for (ChildIndex index = 0; index < job.size; ++index) {
      ChildByte& byte = state.child(job, index);
      if (derived(byte.state())) byte.set(ChildState::Waiting);
      ++counts.of[static_cast<std::size_t>(byte.state())];
    }
    if (state.array(job)) {
      JobExtra& more = state.extra(id);
      more.counts = counts;
      // What is done again, or left the plan, needs to be forgiven no more.
      more.forgiven = std::min(more.forgiven, counts[ChildState::Failed]);
    }
    const std::uint64_t left = counts.total() - counts.terminal();
    state.unfinished += left;
    state.failed += counts[ChildState::Failed];
    const std::uint32_t share = state.kinds[job.kind].share;
    if (share != kNone) state.shares[share].unfinished += left;
  }

  void gates() {
    state.gates.assign(state.jobs.size(), 0);
    for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
      JobState& job = state.jobs[number];
      if (!job.in_plan) continue;
      state.edges.awaited_by(JobId{number}, [&](const Edge& edge) {
        if (gate(edge)) ++state.gates[number];
        if (!gate(edge)) job.per_child = true;
        if (!gate(edge) || edge.child != model::kAllChildren)
          state.job(edge.job).feeds_children = true;
      });
    }
  }

  void matches() {
    for (MatchState& match : state.matches) {
      const model::MatchGroups& groups = match.groups;
      match.missing.assign(groups.groups, 0);
      for (const std::uint32_t group : groups.awaited)
        if (group != model::kNoGroup) ++match.missing[group];
      match.begins.assign(groups.groups + std::size_t{1}, 0);
      for (const std::uint32_t group : groups.waiting) ++match.begins[group + 1];
      for (std::uint32_t group = 0; group < groups.groups; ++group)
        match.begins[group + 1] += match.begins[group];
      match.members.resize(groups.waiting.size());
      std::vector<std::uint32_t> next(match.begins.begin(), match.begins.end() - 1);
      for (ChildIndex index = 0; index < groups.waiting.size(); ++index)
        match.members[next[groups.waiting[index]]++] = index;
    }
  }

  void resources() {
    state.environment_vcpus.assign(state.rules.environments.size(), 0);
    state.in_use.assign(state.rules.consumables.size(), 0);
    state.spent.resize(state.rules.consumables.size());
    for (NodeState& node : state.nodes) {
      node.granted = {0, 0, 0};
      node.grants = node.exclusive = 0;
      node.promised = 0;
    }
    for (std::uint32_t number = 0; number < state.nodes.size(); ++number)
      state.touch(NodeId{number});
    ++state.nodes_changed;
    state.followers.clear();
    for (auto& [id, gang] : state.gangs) gang.parts_left = 0;
    for (const auto& [id, grant] : state.grants) {
      NodeState& node = state.node(grant.node);
      ++node.grants;
      node.exclusive += grant.exclusive ? 1 : 0;
      if (grant.gang) ++state.gangs[*grant.gang].parts_left;
      // Its share was charged when it was granted.
      state.take(grant, grant.outstanding.size() - grant.promised.size(), Instant::min());
      node.promised += grant.promised.size();
      if (grant.after) state.followers[{grant.after->grant, grant.after->child}] = id;
    }
    for (const auto& [id, gang] : state.gangs)
      if (gang.parts_left > 0) state.gang_takes(gang, false);
  }

  void ready() {
    Scheduler::State::Work work;
    for (std::uint32_t number = 0; number < state.jobs.size(); ++number)
      if (state.jobs[number].in_plan && state.gates[number] == 0)
        state.release_waiting(JobId{number}, work);
    state.run(work);
  }

  // What ended lets go on, or takes along, what waits for it.
  void follow() {
    Scheduler::State::Work work;
    for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
      const JobId id{number};
      JobState& job = state.jobs[number];
      if (!job.in_plan || state.edges.waiting_count(id) == 0) continue;
      for (ChildIndex index = 0; job.feeds_children && index < job.size; ++index) {
        const ChildState now = state.child(job, index).state();
        if (model::terminal(now) && !derived(now)) state.follow_children_of(id, index, work);
      }
      if (!job.announced && state.job_terminal(job)) {
        job.announced = true;
        state.follow_job(id, work);
      }
      state.run(work);
    }
  }
};

void Scheduler::State::derive() { Deriver{*this}.run(); }

}  // namespace mpibatch::scheduler
