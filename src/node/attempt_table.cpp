#include "node/attempt_table.hpp"

namespace mpibatch::node {

bool AttemptTable::fits(const model::Resources& asked) const {
  return vcpus_ + asked.vcpus <= capacity_.vcpus && gpus_ + asked.gpus <= capacity_.gpus &&
         (capacity_.memory_mib == 0 || memory_mib_ + asked.memory_mib <= capacity_.memory_mib);
}

bool AttemptTable::ever_fits(const model::Resources& asked) const {
  return AttemptTable(capacity_).fits(asked);
}

void AttemptTable::add(const Work& work) {
  vcpus_ += work.each.vcpus;
  memory_mib_ += work.each.memory_mib;
  gpus_ += work.each.gpus;
  HeldAttempt held;
  held.each = work.each;
  held.job = work.job;
  held.attempt = work.attempt;
  held.in_a_chain = work.in_a_chain;
  held_.emplace(work.execution, std::move(held));
}

HeldAttempt* AttemptTable::find(const model::ExecutionId& execution) {
  const auto found = held_.find(execution);
  return found == held_.end() ? nullptr : &found->second;
}

void AttemptTable::started(const model::ExecutionId& execution, HeldAttempt& held, Instant wall,
                           Duration awake) {
  held.started = true;
  held.started_at = wall;
  held.started_awake = awake;
  if (held.early_grace) {
    const Ending why = std::exchange(held.ending, Ending::No);
    end(execution, held, why, *held.early_grace, awake);
  } else if (held.job->timeout > Duration{0}) {
    set_deadline(execution, held, awake + held.job->timeout);
  }
}

std::optional<HeldAttempt> AttemptTable::remove(const model::ExecutionId& execution) {
  const auto found = held_.find(execution);
  if (found == held_.end()) return std::nullopt;
  set_deadline(execution, found->second, Duration::max());
  HeldAttempt held = std::move(found->second);
  held_.erase(found);
  vcpus_ -= held.each.vcpus;
  memory_mib_ -= held.each.memory_mib;
  gpus_ -= held.each.gpus;
  return held;
}

void AttemptTable::end_all(Ending why, Duration grace, Duration awake) {
  for (auto& [id, held] : held_) end(id, held, why, grace, awake);
}

void AttemptTable::end_some(model::GrantId grant, const model::Ranges& children, Ending why,
                            Duration grace, Duration awake) {
  for (auto& [id, held] : held_)
    if (id.grant == grant && model::contains(children, id.child)) end(id, held, why, grace, awake);
}

void AttemptTable::check_deadlines(Duration awake, Duration grace) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= awake) {
    const model::ExecutionId id = deadlines_.begin()->second;
    HeldAttempt& held = held_.at(id);
    end(id, held, Ending::Timeout, held.ending == Ending::No ? grace : Duration{0}, awake);
  }
}

std::optional<Duration> AttemptTable::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void AttemptTable::end(const model::ExecutionId& id, HeldAttempt& held, Ending why, Duration grace,
                       Duration awake) {
  if (held.killed) return;
  const bool terminated = held.ending != Ending::No;
  if (!terminated) held.ending = why;
  if (!held.started) {
    held.early_grace = std::min(held.early_grace.value_or(grace), grace);
  } else if (grace <= Duration{0}) {
    held.killed = true;
    set_deadline(id, held, Duration::max());
    signals_.push_back({id, EndSignal::Kill});
  } else {
    if (!terminated) signals_.push_back({id, EndSignal::Term});
    const Duration at = awake + grace;
    set_deadline(id, held, terminated ? std::min(held.deadline, at) : at);
  }
}

void AttemptTable::set_deadline(const model::ExecutionId& id, HeldAttempt& held, Duration awake) {
  if (held.deadline != Duration::max()) deadlines_.erase({held.deadline, id});
  held.deadline = awake;
  if (awake != Duration::max()) deadlines_.insert({awake, id});
}

}  // namespace mpibatch::node
