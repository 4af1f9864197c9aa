// Where a child is that was given out.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/explain.hpp"
#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;

std::optional<ChildIndex> granted_as(const GrantState& grant, ChildIndex index) {
  if (!grant.today) return grant.outstanding.contains(index) ? std::optional(index) : std::nullopt;
  for (const auto& [as_granted, today] : *grant.today)
    if (today == index && grant.outstanding.contains(as_granted)) return as_granted;
  return std::nullopt;
}

// How many children start on this node before this one does.
std::uint64_t before(const State& state, GrantId id, const GrantState& grant,
                     ChildIndex as_granted) {
  std::uint64_t count = 0;
  for (const auto& [other, held] : state.grants) {
    if (other > id) break;
    if (held.node != grant.node || held.instance != grant.instance) continue;
    if (other < id) {
      count += held.outstanding.size() - held.started.size() - held.promised.size();
      continue;
    }
    for (const model::Range& range : held.outstanding.ranges())
      for (ChildIndex child = range.begin; child < std::min(range.end, as_granted); ++child)
        if (!held.started.contains(child)) ++count;
  }
  return count;
}

void explain_lease(const State& state, const GrantState& grant, const std::string& node,
                   Instant now, Lines& lines) {
  const auto awaited = state.leases_awaited.find({grant.node, grant.instance});
  if (awaited == state.leases_awaited.end()) return;
  const Duration left = std::max(awaited->second - now, Duration{0});
  lines.push_back(
      fmt::format("waiting {} for node {}'s lease: no word from it, and until then it may be at "
                  "work there",
                  seconds_text(left), node));
}

}  // namespace

void explain_grant(const Scheduler& core, const State& state, JobId id, ChildIndex index,
                   Instant now, Lines& lines) {
  for (const auto& [grant_id, grant] : state.grants) {
    if (grant.job != id) continue;
    const auto as_granted = granted_as(grant, index);
    if (!as_granted) continue;
    const std::string node = model::to_string(state.node(grant.node).name);
    if (grant.promised.contains(*as_granted)) {
      lines.push_back(
          fmt::format("given to node {} already, which starts it as soon as it may", node));
    } else if (grant.started.contains(*as_granted)) {
      lines.push_back(fmt::format("runs on node {} for {}", node,
                                  seconds_text(std::max(now - grant.since, Duration{0}))));
    } else {
      const std::uint64_t ahead = before(state, grant_id, grant, *as_granted);
      lines.push_back(ahead == 0
                          ? fmt::format("granted to node {}, next to start there", node)
                          : fmt::format("granted to node {}, behind {} in its backlog", node,
                                        ahead == 1 ? "1 other" : fmt::format("{} others", ahead)));
    }
    if (grant.gang && !grant.members.empty())
      lines.push_back(fmt::format("members {} of its {} nodes are there",
                                  model::to_string(grant.members),
                                  state.kind(state.job(id)).gang->nodes));
    if (model::contains(core.to_stop(grant_id), *as_granted))
      lines.emplace_back("it is being ended there");
    else if (model::contains(core.to_recall(grant_id), *as_granted))
      lines.emplace_back("it is being called back from there");
    explain_lease(state, grant, node, now, lines);
  }
}

}  // namespace mpibatch::scheduler
