// What a grant may be: of what is ready and not held, where it may go, within every bound.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "ledger.hpp"

namespace mpibatch::fault {

using model::ChildState;
using model::GrantId;
using model::JobId;

std::uint64_t Ledger::failed(const Job& job) const {
  return static_cast<std::uint64_t>(
      std::count_if(job.children.begin(), job.children.end(),
                    [](const Child& child) { return child.base == Base::Failed; }));
}

bool Ledger::held_by_failures(JobId id) const {
  const Job& job = jobs_[model::number_of(id)];
  const model::JobSpec& spec = workload_->spec(id);
  const std::uint64_t bad = failed(job);
  if (job.trouble) return true;
  if (spec.array && spec.max_failures && bad > job.forgiven &&
      bad - job.forgiven > *spec.max_failures)
    return true;
  std::uint64_t all = 0;
  for (const Job& other : jobs_) all += failed(other);
  const auto& most = workload_->rules().max_failures;
  return most && all > forgiven_ && all - forgiven_ > *most;
}

bool Ledger::wanted_elsewhere(const model::Returned& fact) const {
  const auto found = grants_.find(fact.grant);
  if (found == grants_.end() || found->second.gang || fact.grant.epoch != epoch_.epoch)
    return false;
  const Grant& of = found->second;
  if (of.instance != nodes_.at(of.node).instance || held_by_failures(of.job)) return false;
  const std::vector<Key> keys = keys_of(of, fact.children);
  return std::any_of(keys.begin(), keys.end(), [&](Key key) {
    return !of.started.contains(key) && !of.cancelled.contains(key) && !child({of.job, key}).held;
  });
}

bool Ledger::loses_work(const model::NodeGone& fact) const {
  return std::any_of(grants_.begin(), grants_.end(), [&](const auto& entry) {
    const Grant& of = entry.second;
    return of.node == fact.node && of.instance == fact.instance && !of.started.empty();
  });
}

void Ledger::check_child(const ChildName& name, const model::Resources& each, bool in_turn) const {
  const Child& of = child(name);
  if (state(name) != (in_turn ? ChildState::Runnable : ChildState::Waiting))
    throw Violation{fmt::format("{} is granted although it is {}", this->name(name),
                                model::to_string(state(name)))};
  if (of.held) throw Violation{this->name(name) + " is granted although a user holds it"};
  const model::JobSpec& spec = workload_->spec(name.first);
  if (spec.gang) return;
  model::Resources asked = spec.resources;
  double memory = static_cast<double>(asked.memory_mib) *
                  std::pow(spec.retry.memory_multiplier, of.out_of_memory);
  if (spec.retry.memory_max_mib > 0)
    memory = std::min(memory, static_cast<double>(spec.retry.memory_max_mib));
  asked.memory_mib = std::max(asked.memory_mib, static_cast<std::uint64_t>(std::ceil(memory)));
  if (each != asked)
    throw Violation{fmt::format("{} is granted {} vCPUs and {} MiB instead of {} and {}",
                                this->name(name), each.vcpus, each.memory_mib, asked.vcpus,
                                asked.memory_mib)};
}

void Ledger::check_node(JobId job, model::NodeId id, model::InstanceId instance,
                        std::uint32_t environment, const model::Resources& each) const {
  const Node& node = nodes_.at(id);
  const std::string what =
      fmt::format("{} is granted to {}", workload_->spec(job).name, model::to_string(node.name));
  if (!node.present || node.instance != instance) throw Violation{what + ", which is gone"};
  const bool fits = each.vcpus <= node.capacity.vcpus && each.gpus <= node.capacity.gpus &&
                    (node.capacity.memory_mib == 0 || each.memory_mib <= node.capacity.memory_mib);
  if (!fits) throw Violation{what + ", which is too small"};
  for (const std::string& feature : workload_->spec(job).constraints)
    if (std::find(node.features.begin(), node.features.end(), feature) == node.features.end())
      throw Violation{what + ", which is not what it needs"};
  const model::PlanRules& rules = workload_->rules();
  const model::Queue& queue = rules.queues[workload_->spec(job).queue];
  if (queue.environments.empty() != (environment == model::kNoEnvironment))
    throw Violation{what + " through no environment of its queue"};
  if (environment == model::kNoEnvironment) return;
  if (std::find(queue.environments.begin(), queue.environments.end(), environment) ==
      queue.environments.end())
    throw Violation{what + " through an environment that its queue does not have"};
  const model::ComputeEnvironment& through = rules.environments[environment];
  if (!through.enabled) throw Violation{what + " through a disabled environment"};
  if (!through.hosts.empty() &&
      std::find(through.hosts.begin(), through.hosts.end(), node.name.host) == through.hosts.end())
    throw Violation{what + ", which is not in that environment"};
}

void Ledger::check_caps(JobId job) const {
  const model::PlanRules& rules = workload_->rules();
  std::vector<std::uint64_t> vcpus(rules.environments.size(), 0);
  std::vector<std::uint64_t> taken = spent_;
  std::set<Key> out;
  std::map<model::NodeId, std::set<GrantId>> exclusive;
  for (const auto& [id, of] : grants_) {
    if (of.job == job)
      std::copy_if(of.out.begin(), of.out.end(), std::inserter(out, out.end()), [&, job](Key key) {
        return !child({job, key}).promised;
      });
    if (of.environment < vcpus.size()) vcpus[of.environment] += of.each.vcpus * taking(of);
    // A gang takes once, for all its members: what is spent until the main one's end, what comes
    // back until the last one's.
    for (const model::ConsumableUse& use : workload_->spec(of.job).consumables)
      if (!of.gang || (of.main && !rules.consumables[use.consumable].replenishable))
        taken[use.consumable] += use.quantity * of.out.size();
    const auto& gang = workload_->spec(of.job).gang;
    if (gang && gang->exclusive) exclusive[of.node].insert(id);
  }
  for (const auto& [main, gang] : gangs_)
    for (const model::ConsumableUse& use : workload_->spec(gang.child.first).consumables)
      if (rules.consumables[use.consumable].replenishable) taken[use.consumable] += use.quantity;
  const std::uint64_t most = workload_->spec(job).max_concurrent;
  if (most > 0 && out.size() > most)
    throw Violation{fmt::format("{} children of {} are out, {} may be", out.size(),
                                workload_->spec(job).name, most)};
  for (std::size_t i = 0; i < vcpus.size(); ++i)
    if (rules.environments[i].max_vcpus > 0 && vcpus[i] > rules.environments[i].max_vcpus)
      throw Violation{fmt::format("environment {} has given out {} vCPUs",
                                  rules.environments[i].name, vcpus[i])};
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (taken[i] > rules.consumables[i].total)
      throw Violation{
          fmt::format("{} of consumable {} are taken", taken[i], rules.consumables[i].name)};
  for (const auto& [node, ids] : exclusive)
    for (const auto& [id, of] : grants_)
      if (of.node == node && (!ids.contains(id) || ids.size() > 1))
        throw Violation{
            fmt::format("grant {} shares a node with an exclusive gang", to_string(id))};
}

// `Part`: Granted, or a GangPart.
template <class Part>
Ledger::Grant& Ledger::open_grant(model::JobId job, const Part& part,
                                  const model::Resources& each) {
  Grant& of = grants_[part.grant];
  of.job = job;
  of.node = part.node;
  of.instance = part.instance;
  of.revision = revision_;
  of.each = each;
  of.environment = part.environment;
  return of;
}

void Ledger::take(const model::Granted& fact) {
  check_grant(fact);
  Grant& of = open_grant(fact.job, fact, fact.each);
  for (const Key key : keys_today(fact.job, fact.children)) {
    of.out.insert(key);
    child({fact.job, key}).base = Base::Out;
  }
  check_caps(fact.job);
}

void Ledger::take(const model::GrantedAfter& fact) {
  const model::Granted& granted = fact.granted;
  check_grant(granted, false);
  check_after(fact);
  Grant& of = open_grant(granted.job, granted, granted.each);
  const Grant& before = grants_.at(fact.after.grant);
  of.after.emplace(fact.after.grant, workload_->key(before.job, before.revision, fact.after.child));
  for (const Key key : keys_today(granted.job, granted.children)) {
    of.out.insert(key);
    of.chain.push_back(key);
    child({granted.job, key}).base = Base::Out;
    child({granted.job, key}).promised = true;
  }
}

void Ledger::check_grant(const model::Granted& fact, bool in_turn) const {
  if (grants_.contains(fact.grant))
    throw Violation{fmt::format("grant {} is made twice", to_string(fact.grant))};
  if (workload_->spec(fact.job).gang) throw Violation{"a gang's child is granted alone"};
  check_node(fact.job, fact.node, fact.instance, fact.environment, fact.each);
  for (const Key key : keys_today(fact.job, fact.children))
    check_child({fact.job, key}, fact.each, in_turn);
  if (held_by_failures(fact.job))
    throw Violation{workload_->spec(fact.job).name + " is granted although failures hold it"};
  if (fact.at < began_ + workload_->spec(fact.job).not_before)
    throw Violation{workload_->spec(fact.job).name + " is granted before its time"};
}

void Ledger::check_gang(const model::GangGranted& fact) const {
  const auto& gang = workload_->spec(fact.job).gang;
  if (!gang) throw Violation{"what is no gang is granted as one"};
  check_child({fact.job, workload_->key(fact.job, revision_, fact.child)}, {});
  if (held_by_failures(fact.job)) throw Violation{"a gang is granted although failures hold it"};
  std::set<std::uint32_t> members;
  std::set<std::string> hosts;
  for (const model::GangPart& part : fact.parts) {
    if (grants_.contains(part.grant)) throw Violation{"a gang's grant is made twice"};
    check_node(fact.job, part.node, part.instance, part.environment, part.all);
    model::for_each(part.members, [&](std::uint32_t member) {
      if (!members.insert(member).second) throw Violation{"a gang's member is on two nodes"};
    });
    hosts.insert(nodes_.at(part.node).name.host);
    const auto each = static_cast<std::uint32_t>(model::count(part.members));
    if (gang->spread && each > 1) throw Violation{"members of a spread gang share a node"};
    if (!gang->exclusive && part.all.vcpus != each)
      throw Violation{"a gang's part asks for more or less than its members"};
  }
  if (members.size() != gang->nodes || *members.rbegin() != gang->nodes - 1)
    throw Violation{"a gang is granted without some of its members"};
  if (!model::contains(fact.parts.front().members, gang->main))
    throw Violation{"a gang's first part is without the main member"};
  if (gang->spread && hosts.size() != gang->nodes)
    throw Violation{"members of a spread gang share a host"};
}

void Ledger::take(const model::GangGranted& fact) {
  check_gang(fact);
  const Key key = workload_->key(fact.job, revision_, fact.child);
  const GrantId main = fact.parts.front().grant;
  gangs_[main] = {{fact.job, key}, fact.parts.size(), Gang::Outcome::None, false};
  for (const model::GangPart& part : fact.parts) {
    Grant& of = open_grant(fact.job, part, part.all);
    of.out = {key};
    of.gang = main;
    of.main = part.grant == main;
  }
  child({fact.job, key}).base = Base::Out;
  check_caps(fact.job);
}

}  // namespace mpibatch::fault
