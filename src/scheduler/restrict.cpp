// A rehearsal: some children, and all that they wait for, are let through; nothing else.
#include <algorithm>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

using model::DependencyType;
using Wanted = std::map<JobId, model::RangeSet>;
using Work = std::vector<std::pair<JobId, model::Ranges>>;

model::Ranges all_of(const JobState& job) { return {{0, job.size}}; }

// Children that `children` of a job wait for by this edge.
model::Ranges awaited(const Scheduler::State& state, const Edges::Edge& edge,
                      const model::Ranges& children) {
  switch (edge.type) {
    case DependencyType::NToN:
      return children;
    case DependencyType::Sequential:
      return {{0, children.back().end}};
    case DependencyType::Match: {
      const model::MatchGroups& groups = state.matches[edge.match].groups;
      std::vector<bool> wanted(groups.groups, false);
      model::for_each(children, [&](ChildIndex child) { wanted[groups.waiting[child]] = true; });
      std::vector<ChildIndex> found;
      for (ChildIndex child = 0; child < groups.awaited.size(); ++child)
        if (groups.awaited[child] != model::kNoGroup && wanted[groups.awaited[child]])
          found.push_back(child);
      return model::ranges_of(std::move(found));
    }
    case DependencyType::All:
    case DependencyType::AfterAny:
    case DependencyType::AfterFailure:
      break;
  }
  if (edge.child != model::kAllChildren) return {{edge.child, edge.child + 1}};
  return all_of(state.job(edge.job));
}

}  // namespace

void Scheduler::restrict_to(JobId job, const model::Ranges& children) {
  State& state = *state_;
  if (!state.only) state.only.emplace();
  Work work{{job, children}};
  while (!work.empty()) {
    const JobId id = work.back().first;
    const model::Ranges ranges = std::move(work.back().second);
    work.pop_back();
    model::RangeSet& wanted = (*state.only)[id];
    const std::uint64_t before = wanted.size();
    for (const model::Range& range : ranges) wanted.insert(range);
    if (wanted.size() == before) continue;  // nothing new: so it is with what they wait for
    state.edges.awaited_by(id, [&](const Edges::Edge& edge) {
      if (edge.type == DependencyType::Sequential)
        work.emplace_back(id, awaited(state, edge, ranges));
      else
        work.emplace_back(edge.job, awaited(state, edge, ranges));
    });
  }
  state.derive();
}

bool Scheduler::restriction_done() const {
  if (!state_->only) return false;
  for (const auto& [id, wanted] : *state_->only) {
    const JobState& job = state_->job(id);
    bool over = true;
    model::for_each(wanted.ranges(), [&](ChildIndex child) {
      over = over && model::terminal(state_->child(job, child).state());
    });
    if (!over) return false;
  }
  return true;
}

}  // namespace mpibatch::scheduler
