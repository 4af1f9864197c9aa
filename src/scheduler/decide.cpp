// Which work goes to which node next. Queues by priority, jobs in the plan's order; the first job
// that finds no room holds back the ones behind it, so that nothing small starves it.
#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

struct Place {
  NodeId node{};
  std::uint64_t room = 0;  // children of the job that it takes
};

bool fits(const model::Resources& asked, const model::Resources& capacity) {
  return asked.vcpus <= capacity.vcpus && asked.memory_mib <= capacity.memory_mib;
}

// How many more of these start at once.
std::uint64_t room_now(const NodeState& node, const model::Resources& asked) {
  if (node.granted.vcpus >= node.capacity.vcpus) return 0;
  std::uint64_t room = (node.capacity.vcpus - node.granted.vcpus) / asked.vcpus;
  if (asked.memory_mib > 0) {
    const std::uint64_t used = std::min(node.granted.memory_mib, node.capacity.memory_mib);
    room = std::min(room, (node.capacity.memory_mib - used) / asked.memory_mib);
  }
  return room;
}

// How many more may wait there so that a free slot need not wait for rank 0: what starts within
// kBacklogWindow, since other nodes could start it sooner if it had to wait longer.
std::uint64_t room_ahead(const NodeState& node, const JobState& job) {
  const model::Resources& asked = job.spec.resources;
  if (job.attempts_ended == 0 || !fits(asked, node.capacity)) return 0;
  std::uint64_t slots = node.capacity.vcpus / asked.vcpus;
  if (asked.memory_mib > 0) slots = std::min(slots, node.capacity.memory_mib / asked.memory_mib);
  const std::int64_t each_us =
      std::max<std::int64_t>(1, job.busy.count() / static_cast<std::int64_t>(job.attempts_ended));
  const std::uint64_t expected =
      slots * static_cast<std::uint64_t>(kBacklogWindow.count() / each_us);
  const std::uint64_t ahead = std::min(expected, kBacklogSlotsMax * slots);
  const auto room = [ahead](std::uint64_t capacity, std::uint64_t granted, std::uint64_t each) {
    const std::uint64_t most = capacity + ahead * each;
    return granted >= most ? 0 : (most - granted) / each;
  };
  const std::uint64_t children = room(node.capacity.vcpus, node.granted.vcpus, asked.vcpus);
  if (asked.memory_mib == 0) return children;
  return std::min(children,
                  room(node.capacity.memory_mib, node.granted.memory_mib, asked.memory_mib));
}

template <class Room>
std::vector<Place> places(const Scheduler::State& state, Room room) {
  std::vector<Place> found;
  for (std::uint32_t number = 0; number < state.nodes.size(); ++number) {
    const NodeState& node = state.nodes[number];
    if (!node.present || !node.open) continue;
    if (const std::uint64_t children = room(node); children > 0)
      found.push_back({NodeId{number}, children});
  }
  // The emptiest first: work spreads, and the last few children do not pile up on one node.
  std::stable_sort(found.begin(), found.end(),
                   [](const Place& a, const Place& b) { return a.room > b.room; });
  return found;
}

model::Granted make_grant(Scheduler::State& state, NodeId node, JobId job, std::uint64_t most) {
  model::Granted fact;
  fact.grant = {state.epoch.epoch, state.grants_made + 1};
  fact.node = node;
  fact.instance = state.node(node).instance;
  fact.job = job;
  fact.children = state.job(job).runnable.first(most);
  return fact;
}

}  // namespace

std::vector<model::Fact> Scheduler::decide(Instant) {
  State& state = *state_;
  std::vector<model::Fact> facts;
  if (state.finished) return facts;

  const auto hand_out = [&](JobId id, const std::vector<Place>& found) {
    std::uint64_t places_left = found.size();
    for (const Place& place : found) {
      const std::uint64_t left = state.job(id).runnable.size();
      if (left == 0) return;
      const std::uint64_t share = (left + places_left - 1) / places_left;
      --places_left;
      const model::Granted fact = make_grant(state, place.node, id, std::min(place.room, share));
      MPIBATCH_CHECK(apply(fact).has_value());
      facts.emplace_back(fact);
    }
  };

  auto next = state.ready.begin();
  while (next != state.ready.end()) {
    const ReadyKey key = *next;
    const JobId id = std::get<JobId>(key);
    const JobState& job = state.job(id);
    const model::Resources asked = job.spec.resources;
    hand_out(id, places(state, [&](const NodeState& node) { return room_now(node, asked); }));
    if (!job.runnable.empty())
      hand_out(id, places(state, [&](const NodeState& node) { return room_ahead(node, job); }));
    next = state.ready.upper_bound(key);
    if (job.runnable.empty()) continue;
    bool fits_somewhere = false;  // what fits nowhere holds nobody back
    for (const NodeState& node : state.nodes)
      fits_somewhere = fits_somewhere || (node.present && node.open && fits(asked, node.capacity));
    if (fits_somewhere) break;
  }

  if (state.revision != model::Revision{} && state.unfinished == 0 && state.grants.empty()) {
    bool failed = false;
    for (const JobState& job : state.jobs)
      failed = failed || (job.in_plan && job.counts[ChildState::Succeeded] != job.spec.size);
    const model::RunFinished fact{failed};
    MPIBATCH_CHECK(apply(fact).has_value());
    facts.emplace_back(fact);
  }
  return facts;
}

}  // namespace mpibatch::scheduler
