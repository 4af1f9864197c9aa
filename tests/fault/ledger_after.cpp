// Grants that wait at their node for the turn of their children: each comes when what is before it
// has succeeded; what will not succeed there takes along what was to come after it.
#include <algorithm>

#include "ledger.hpp"

namespace mpibatch::fault {

using model::ChildState;
using model::GrantId;
using model::JobId;

std::uint64_t Ledger::taking(const Grant& of) const {
  return static_cast<std::uint64_t>(std::count_if(of.out.begin(), of.out.end(), [&](Key key) {
    return !child({of.job, key}).promised;
  }));
}

std::uint64_t Ledger::promised(std::optional<JobId> job) const {
  std::uint64_t count = 0;
  for (const auto& [id, of] : grants_)
    if (!job || of.job == *job) count += of.out.size() - taking(of);
  return count;
}

ChainCounts Ledger::chains() const {
  ChainCounts counts = chain_counts_;
  counts.promised = promised();
  return counts;
}

// It is one thing that the first of them waits for, and the same node has that.
void Ledger::check_after(const model::GrantedAfter& fact) const {
  const model::Granted& granted = fact.granted;
  const model::JobSpec& spec = workload_->spec(granted.job);
  const auto what = [&](std::string_view why) {
    return Violation{
        fmt::format("{} is granted after {} although {}", spec.name, to_string(fact.after), why)};
  };
  const auto found = grants_.find(fact.after.grant);
  if (found == grants_.end() || found->second.job != fact.after.job) throw what("that is not out");
  const Grant& before = found->second;
  const Key key = workload_->key(before.job, before.revision, fact.after.child);
  if (!before.out.contains(key)) throw what("that is not out");
  if (before.node != granted.node || before.instance != granted.instance)
    throw what("another node has that");
  if (before.gang) throw what("that is a gang");
  for (const auto& [id, of] : grants_)
    if (of.after && *of.after == std::pair(fact.after.grant, key) && !of.chain.empty() &&
        child({of.job, of.chain.front()}).promised)
      throw what("something else comes after that");
  const bool smaller = granted.each.vcpus <= before.each.vcpus &&
                       granted.each.memory_mib <= before.each.memory_mib &&
                       granted.each.gpus == before.each.gpus;
  if (!smaller) throw what("that has less room");
  if (!spec.consumables.empty()) throw what("it takes more than room");
  if (workload_->spec(before.job).queue != spec.queue) throw what("it is of another queue");
  // Once that and those before it here have succeeded, nothing else is left to wait for.
  States then = states();
  then[model::number_of(before.job)][key] = ChildState::Succeeded;
  for (const Key next : keys_today(granted.job, granted.children)) {
    for (const Edge& edge : workload_->edges(granted.job)) {
      if (met(then, {granted.job, next}, edge) == ChildState::Runnable) continue;
      throw what("it waits for more than that");
    }
    then[model::number_of(granted.job)][next] = ChildState::Succeeded;
  }
}

void Ledger::turn_has_come(const Grant& grant, Key key) {
  for (const Key before : grant.chain) {
    if (grant.out.contains(before)) child({grant.job, before}).promised = false;
    if (before == key) return;
  }
}

// Whether it changed anything.
bool Ledger::settle_link(const GrantId& id, std::size_t at) {
  const Grant of = grants_.at(id);
  const Key key = of.chain[at];
  const ChildName link{of.job, key};
  if (!of.out.contains(key) || !child(link).promised) return false;
  const auto before = at == 0 ? *of.after : std::pair(id, of.chain[at - 1]);
  if (ended_well_.contains(before)) {
    child(link).promised = false;
    ++chain_counts_.turns;
    if (id.epoch < epoch_.epoch) ++chain_counts_.turns_of_older;
    return true;
  }
  const auto found = grants_.find(before.first);
  if (found != grants_.end() && found->second.out.contains(before.second)) return false;
  ++chain_counts_.called_off;
  drop(id, {key}, false);
  open(link);
  if (of.cancelled.contains(key)) child(link).base = Base::Cancelled;
  return true;
}

void Ledger::settle_chains() {
  for (bool again = true; again;) {
    again = false;
    std::vector<GrantId> chains;
    for (const auto& [id, of] : grants_)
      if (!of.chain.empty()) chains.push_back(id);
    for (const GrantId& id : chains)
      for (std::size_t at = 0; grants_.contains(id) && at < grants_.at(id).chain.size(); ++at)
        again = settle_link(id, at) || again;
  }
}

}  // namespace mpibatch::fault
