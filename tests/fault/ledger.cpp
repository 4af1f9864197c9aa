#include "ledger.hpp"

#include <algorithm>

namespace mpibatch::fault {

using model::ChildIndex;
using model::ChildState;
using model::GrantId;
using model::JobId;

namespace {

constexpr unsigned kUnstartableMax = 3;

bool unstartable(const model::FailedAttempt& attempt) {
  return attempt.kind == model::EndKind::CannotStart ||
         (attempt.kind == model::EndKind::Exited && (attempt.code == 126 || attempt.code == 127));
}

}  // namespace

Ledger::Ledger(Workload& workload)
    : workload_(&workload), jobs_(workload.jobs()), spent_(workload.rules().consumables.size()) {
  for (std::uint32_t job = 0; job < jobs_.size(); ++job)
    jobs_[job].children.resize(workload.spec(JobId{job}).size);
}

std::string Ledger::name(const ChildName& name) const {
  return fmt::format("{}:{}", workload_->spec(name.first).name, name.second);
}

Ledger::Grant& Ledger::grant(const GrantId& id) {
  const auto found = grants_.find(id);
  if (found == grants_.end())
    throw Violation{fmt::format("a fact speaks of grant {}, which is not out", to_string(id))};
  return found->second;
}

std::vector<Key> Ledger::keys_of(const Grant& grant, const model::Ranges& as_granted) const {
  std::vector<Key> keys;
  model::for_each(as_granted, [&](ChildIndex index) {
    const Key key = workload_->key(grant.job, grant.revision, index);
    if (grant.out.contains(key)) keys.push_back(key);
  });
  return keys;
}

std::vector<Key> Ledger::keys_today(JobId job, const model::Ranges& children) const {
  std::vector<Key> keys;
  model::for_each(children, [&](ChildIndex index) {
    if (index < workload_->spec(job).size) keys.push_back(workload_->key(job, revision_, index));
  });
  return keys;
}

void Ledger::apply(const model::Fact& fact) {
  std::visit([&](const auto& one) { take(one); }, fact);
  settle_chains();
  states_.clear();
}

void Ledger::take(const model::EpochBegan& fact) {
  if (epoch_.epoch == model::Epoch{}) began_ = fact.now;
  if (fact.now < epoch_.now) throw Violation{"the run's clock goes backwards"};
  epoch_ = fact;
  for (Job& job : jobs_)
    for (Child& child : job.children) child.losses = 0;
}

void Ledger::take(const model::PlanAdopted& fact) { revision_ = fact.revision; }

void Ledger::take(const model::NodeJoined& fact) {
  nodes_[fact.node] = {fact.name, fact.instance, fact.capacity, fact.features, true};
}

// ---- what ends

void Ledger::open(const ChildName& name) {
  child(name).base = Base::Open;
  child(name).running = false;
  child(name).promised = false;
}

void Ledger::succeed(const ChildName& name) {
  Child& of = child(name);
  if (of.base != Base::Out) throw Violation{this->name(name) + " succeeds although it is not out"};
  of.base = Base::Succeeded;
  of.running = false;
  of.promised = false;
  of.out_of_memory = 0;
  jobs_[model::number_of(name.first)].proven = true;
}

void Ledger::end_badly(const ChildName& name, const model::FailedAttempt& attempt, bool cancelled) {
  const model::JobSpec& spec = workload_->spec(name.first);
  Child& of = child(name);
  ++of.failures;
  if (attempt.kind == model::EndKind::OutOfMemory && spec.retry.memory_multiplier > 1)
    ++of.out_of_memory;
  Job& job = jobs_[model::number_of(name.first)];
  if (spec.array) {
    if (!unstartable(attempt)) {
      job.proven = true;
    } else if (!job.proven && ++job.unstartable >= kUnstartableMax) {
      job.trouble = true;
    }
  }
  const bool gives_up = attempt.kind == model::EndKind::Exited && attempt.code == kGiveUpCode &&
                        !spec.retry.rules.empty();
  const bool last = cancelled || attempt.kind == model::EndKind::TimedOut || gives_up ||
                    of.failures >= spec.retry.attempts;
  if (last != (attempt.verdict == model::Verdict::Failed))
    throw Violation{
        fmt::format("the verdict on attempt {} of {} is wrong", of.failures, this->name(name))};
}

void Ledger::lose(const ChildName& name, bool counts) {
  open(name);
  Child& of = child(name);
  if (counts && ++of.losses >= kLossesMax) of.base = Base::Failed;
}

void Ledger::drop(const GrantId& id, const std::vector<Key>& keys, bool spends) {
  Grant& of = grant(id);
  if (spends && (!of.gang || of.main))
    for (const model::ConsumableUse& use : workload_->spec(of.job).consumables)
      if (!workload_->rules().consumables[use.consumable].replenishable)
        spent_[use.consumable] += use.quantity * keys.size();
  for (const Key key : keys)
    for (std::set<Key>* set : {&of.out, &of.started, &of.cancelled, &of.terminated})
      set->erase(key);
  if (of.out.empty()) grants_.erase(id);
}

void Ledger::part_back(const GrantId& main, Gang::Outcome outcome) {
  Gang& gang = gangs_.at(main);
  if (gang.outcome == Gang::Outcome::None || outcome == Gang::Outcome::Succeeded ||
      (outcome == Gang::Outcome::Cancelled && gang.goes_again()))
    gang.outcome = outcome;
  if (--gang.parts > 0) return;
  const Gang over = gang;
  gangs_.erase(main);
  switch (over.outcome) {
    case Gang::Outcome::Succeeded:
      return succeed(over.child);
    case Gang::Outcome::Failed:
      open(over.child);
      child(over.child).base = Base::Failed;
      return;
    case Gang::Outcome::Cancelled:
      open(over.child);
      child(over.child).base = Base::Cancelled;
      return;
    case Gang::Outcome::Lost:
      return lose(over.child, over.started && main.epoch == epoch_.epoch);
    case Gang::Outcome::None:
    case Gang::Outcome::Again:
      return open(over.child);
  }
}

void Ledger::take(const model::NodeGone& fact) {
  if (Node& node = nodes_.at(fact.node); node.instance == fact.instance) node.present = false;
  std::vector<GrantId> lost;
  for (const auto& [id, of] : grants_)
    if (of.node == fact.node && of.instance == fact.instance) lost.push_back(id);
  for (const GrantId& id : lost) {
    const Grant before = grants_.at(id);
    const std::vector<Key> all(before.out.begin(), before.out.end());
    if (before.gang) {
      drop(id, all, !before.started.empty());
      part_back(*before.gang,
                before.cancelled.empty() ? Gang::Outcome::Lost : Gang::Outcome::Cancelled);
      continue;
    }
    for (const Key key : all) {
      const ChildName child{before.job, key};
      drop(id, {key}, before.started.contains(key));
      if (before.cancelled.contains(key)) {
        open(child);
        this->child(child).base = Base::Cancelled;
      } else {
        lose(child, before.started.contains(key) && id.epoch == epoch_.epoch);
      }
    }
  }
}

void Ledger::take(const model::Started& fact) {
  Grant& of = grant(fact.grant);
  for (const Key key : keys_of(of, fact.children)) {
    of.started.insert(key);
    if (!of.terminated.contains(key)) of.cancelled.erase(key);
    if (!of.gang || of.main) child({of.job, key}).running = true;
    if (of.gang && of.main) gangs_.at(*of.gang).started = true;
  }
}

void Ledger::take(const model::Ended& fact) {
  const Grant before = grant(fact.grant);
  const std::vector<Key> good = keys_of(before, fact.succeeded);
  std::vector<std::pair<Key, const model::FailedAttempt*>> bad;
  for (const model::FailedAttempt& attempt : fact.failed)
    for (const Key key : keys_of(before, {{attempt.child, attempt.child + 1}}))
      bad.emplace_back(key, &attempt);
  if (good.size() != model::count(fact.succeeded) || bad.size() != fact.failed.size())
    throw Violation{fmt::format("grant {} ends what is not out", to_string(fact.grant))};
  std::vector<Key> all = good;
  for (const auto& [key, attempt] : bad) all.push_back(key);
  for (const Key key : all) turn_has_come(before, key);
  for (const Key key : good) ended_well_.emplace(fact.grant, key);
  drop(fact.grant, all, true);
  if (before.gang) {
    auto outcome = Gang::Outcome::None;
    if (before.main && !good.empty()) outcome = Gang::Outcome::Succeeded;
    if (before.main && !bad.empty()) {
      const bool cancelled = !before.cancelled.empty();
      const bool again = gangs_.at(*before.gang).goes_again() && !cancelled;
      if (!again) end_badly({before.job, bad[0].first}, *bad[0].second, cancelled);
      if (again && bad[0].second->verdict != model::Verdict::Retried)
        throw Violation{"a gang that goes again counts its main member's failure"};
      outcome = bad[0].second->verdict == model::Verdict::Retried ? Gang::Outcome::Again
                                                                  : Gang::Outcome::Failed;
      if (!before.cancelled.empty()) outcome = Gang::Outcome::Cancelled;
    }
    return part_back(*before.gang, outcome);
  }
  for (const Key key : good) succeed({before.job, key});
  for (const auto& [key, attempt] : bad) {
    const ChildName child{before.job, key};
    end_badly(child, *attempt, before.cancelled.contains(key));
    open(child);
    if (before.cancelled.contains(key))
      this->child(child).base = Base::Cancelled;
    else if (attempt->verdict == model::Verdict::Failed)
      this->child(child).base = Base::Failed;
  }
}

void Ledger::take(const model::Returned& fact) {
  const Grant before = grant(fact.grant);
  const std::vector<Key> back = keys_of(before, fact.children);
  for (const Key key : back) drop(fact.grant, {key}, before.started.contains(key));
  if (back.empty()) return;
  if (before.gang)
    return part_back(*before.gang,
                     before.cancelled.empty() ? Gang::Outcome::Again : Gang::Outcome::Cancelled);
  for (const Key key : back) {
    open({before.job, key});
    if (before.cancelled.contains(key)) child({before.job, key}).base = Base::Cancelled;
  }
}

// ---- what users ask

void Ledger::take(const model::CancelRequested& fact) {
  if (!requests_.insert(fact.request).second) throw Violation{"a request is applied twice"};
  const std::vector<Key> keys = keys_today(fact.job, fact.children);
  const States& before = states();
  for (const Key key : keys) {
    const ChildState now = before[model::number_of(fact.job)][key];
    if (now == ChildState::Waiting || now == ChildState::Runnable)
      child({fact.job, key}).base = Base::Cancelled;
  }
  for (auto& [id, of] : grants_) {
    if (of.job != fact.job) continue;
    if (of.gang && gangs_.at(*of.gang).started && !fact.terminate) continue;
    for (const Key key : keys) {
      if (!of.out.contains(key)) continue;
      if (fact.terminate) of.terminated.insert(key);
      if (fact.terminate || !of.started.contains(key)) of.cancelled.insert(key);
    }
  }
}

void Ledger::take(const model::HoldRequested& fact) {
  if (!requests_.insert(fact.request).second) throw Violation{"a request is applied twice"};
  std::uint64_t all_failed = 0;
  for (const Job& job : jobs_) all_failed += failed(job);
  if (!fact.job && !fact.hold) forgiven_ = all_failed;
  for (std::uint32_t number = 0; number < jobs_.size(); ++number) {
    if (fact.job && *fact.job != JobId{number}) continue;
    Job& job = jobs_[number];
    const model::Ranges all{{0, static_cast<ChildIndex>(job.children.size())}};
    for (const Key key : keys_today(JobId{number}, fact.job ? fact.children : all))
      job.children[key].held = fact.hold;
    if (fact.hold) continue;
    job.forgiven = failed(job);
    job.trouble = false;
    job.unstartable = 0;
  }
}

void Ledger::forget_failures(Job& job) {
  job.trouble = job.proven = false;
  job.unstartable = 0;
}

// What is done again needs to be forgiven no more; what failed beside it stays forgiven.
void Ledger::clip_forgiven() {
  std::uint64_t all_failed = 0;
  for (Job& job : jobs_) {
    job.forgiven = std::min(job.forgiven, failed(job));
    all_failed += failed(job);
  }
  forgiven_ = std::min(forgiven_, all_failed);
}

// False where it is not terminal, or good work that stays.
bool Ledger::reopen(const ChildName& name, const States& before, bool succeeded) {
  const ChildState was = before[model::number_of(name.first)][name.second];
  if (!model::terminal(was) || (model::good(was) && !succeeded)) return false;
  Child& of = child(name);
  if (of.base == Base::Succeeded) reopened_.push_back(name);
  const bool held = of.held;
  of = {};
  of.held = held;
  return true;
}

std::vector<ChildName> Ledger::waiting_for(const ChildName& name) const {
  std::vector<ChildName> all;
  for (std::uint32_t number = 0; number < jobs_.size(); ++number) {
    const JobId job{number};
    const auto size = static_cast<Key>(jobs_[number].children.size());
    for (const Edge& edge : workload_->edges(job)) {
      if (edge.job != name.first || (edge.child && *edge.child != name.second)) continue;
      for (Key key = 0; key < size; ++key) {
        if (edge.type == model::DependencyType::NToN && key != name.second) continue;
        if (edge.type == model::DependencyType::Sequential && key != name.second + 1) continue;
        if (edge.type == model::DependencyType::Match &&
            edge.awaited[name.second] != edge.waiting[key])
          continue;
        all.emplace_back(job, key);
      }
    }
  }
  return all;
}

void Ledger::take(const model::RetryRequested& fact) {
  if (!requests_.insert(fact.request).second) throw Violation{"a request is applied twice"};
  const States before = states();
  std::set<ChildName> redone;
  std::vector<ChildName> work;
  const auto redo = [&](const ChildName& name, bool succeeded) {
    if (redone.contains(name) || !reopen(name, before, succeeded)) return;
    redone.insert(name);
    work.push_back(name);
  };
  for (const Key key : keys_today(fact.job, fact.children))
    redo({fact.job, key}, fact.include_succeeded);
  forget_failures(jobs_[model::number_of(fact.job)]);
  while (fact.dependents && !work.empty()) {
    const ChildName name = work.back();
    work.pop_back();
    for (const ChildName& waiting : waiting_for(name)) redo(waiting, true);
  }
  clip_forgiven();
}

void Ledger::take(const model::WaitEnded& fact) {
  const States& before = states();
  for (const Key key : keys_today(fact.job, fact.children)) {
    const ChildState now = before[model::number_of(fact.job)][key];
    if (now != ChildState::Waiting && now != ChildState::Runnable) continue;
    child({fact.job, key}).base = fact.cancelled ? Base::Cancelled : Base::Failed;
  }
}

void Ledger::take(const model::FailedReopened&) {
  const States before = states();
  for (std::uint32_t job = 0; job < jobs_.size(); ++job) {
    for (Key key = 0; key < jobs_[job].children.size(); ++key) {
      const ChildState was = before[job][key];
      if (was == ChildState::Failed || was == ChildState::DependencyFailed)
        (void)reopen({JobId{job}, key}, before, false);
    }
    forget_failures(jobs_[job]);
  }
  clip_forgiven();
}

void Ledger::take(const model::RunFinished&) {
  if (!everything_terminal()) throw Violation{"the run finishes although not all is terminal"};
}

}  // namespace mpibatch::fault
