// What follows for a child from the states of what it waits for, always from the beginning.
#include <algorithm>

#include "ledger.hpp"

namespace mpibatch::fault {

using model::ChildState;
using model::DependencyType;
using model::JobId;

// Waiting: not met yet. Runnable: met. DependencyFailed and Skipped: never will be, or need not.
ChildState Ledger::met(const States& states, const ChildName& name, const Edge& edge) const {
  const std::vector<ChildState>& awaited = states[model::number_of(edge.job)];
  std::vector<ChildState> which;
  switch (edge.type) {
    case DependencyType::NToN:
      which = {awaited[name.second]};
      break;
    case DependencyType::Sequential:
      if (name.second > 0) which = {awaited[name.second - 1]};
      break;
    case DependencyType::Match:
      for (Key key = 0; key < awaited.size(); ++key)
        if (edge.awaited[key] == edge.waiting[name.second]) which.push_back(awaited[key]);
      break;
    case DependencyType::All:
    case DependencyType::AfterAny:
    case DependencyType::AfterFailure:
      which = edge.child ? std::vector<ChildState>{awaited[*edge.child]} : awaited;
  }
  const auto is = [&](bool (*what)(ChildState)) {
    return std::all_of(which.begin(), which.end(), what);
  };
  const bool bad = std::any_of(which.begin(), which.end(), model::failed);
  if (edge.type == DependencyType::AfterAny)
    return is(model::terminal) ? ChildState::Runnable : ChildState::Waiting;
  if (edge.type == DependencyType::AfterFailure) {
    if (!is(model::terminal)) return ChildState::Waiting;
    return bad ? ChildState::Runnable : ChildState::Skipped;
  }
  if (is(model::good)) return ChildState::Runnable;
  // A whole job's failure counts when all of it has ended.
  const bool ended = edge.type != DependencyType::All || is(model::terminal);
  return bad && ended ? ChildState::DependencyFailed : ChildState::Waiting;
}

ChildState Ledger::derive(const States& states, const ChildName& name) const {
  const Child& of = child(name);
  switch (of.base) {
    case Base::Out:
      if (of.promised) return ChildState::Promised;
      return of.running ? ChildState::Running : ChildState::Granted;
    case Base::Succeeded:
      return ChildState::Succeeded;
    case Base::Failed:
      return ChildState::Failed;
    case Base::Cancelled:
      return ChildState::Cancelled;
    case Base::Open:
      break;
  }
  bool all = true;
  bool skips = false;
  for (const Edge& edge : workload_->edges(name.first)) {
    const ChildState one = met(states, name, edge);
    if (one == ChildState::DependencyFailed) return one;
    all = all && one != ChildState::Waiting;
    skips = skips || one == ChildState::Skipped;
  }
  if (!all) return ChildState::Waiting;
  return skips ? ChildState::Skipped : ChildState::Runnable;
}

// Jobs wait for earlier ones only, and children in sequence for the one before.
const Ledger::States& Ledger::states() const {
  if (!states_.empty()) return states_;
  for (std::uint32_t job = 0; job < jobs_.size(); ++job) {
    states_.emplace_back();
    for (Key key = 0; key < jobs_[job].children.size(); ++key)
      states_[job].push_back(derive(states_, {JobId{job}, key}));
  }
  return states_;
}

ChildState Ledger::state(const ChildName& child) const {
  return states()[model::number_of(child.first)][child.second];
}

bool Ledger::everything_terminal() const {
  for (const auto& job : states())
    if (!std::all_of(job.begin(), job.end(), model::terminal)) return false;
  return true;
}

std::string Ledger::difference(const scheduler::Scheduler& core) const {
  if (core.revision() == model::Revision{}) return "";
  for (std::uint32_t number = 0; number < jobs_.size(); ++number) {
    const JobId job{number};
    const std::vector<Key>& keys = workload_->keys(job, core.revision());
    for (model::ChildIndex index = 0; index < keys.size(); ++index) {
      const ChildName child{job, keys[index]};
      if (core.state(job, index) != state(child))
        return fmt::format("{} is {} by the rules, but {} to the scheduler", name(child),
                           model::to_string(state(child)),
                           model::to_string(core.state(job, index)));
      if (core.attempts_failed(job, index) != this->child(child).failures)
        return fmt::format("{} has failed {} attempts by the rules, but {} to the scheduler",
                           name(child), this->child(child).failures,
                           core.attempts_failed(job, index));
    }
  }
  if (core.grants().size() != grants_.size()) return "the scheduler has other grants out";
  return "";
}

}  // namespace mpibatch::fault
