// Jobs that lack a consumable wait and hold nobody back, but for that consumable.
#include <algorithm>

#include "scheduler/placement_round.hpp"
#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

std::uint64_t Round::available(std::uint32_t consumable) const {
  const std::uint64_t total = state_.rules.consumables[consumable].total;
  const std::uint64_t gone = state_.spent[consumable] + in_use_[consumable];
  return total - std::min(total, gone);
}

std::uint64_t Round::allowed(const Unit& unit, std::uint64_t taken) const {
  std::uint64_t most = concurrent(unit, taken);
  for (const model::ConsumableUse& use : unit.kind->consumables)
    most =
        consumable_closed_[use.consumable]
            ? 0
            : std::min(most, available(use.consumable) / std::max<std::uint64_t>(1, use.quantity));
  return most;
}

// What it lacks nobody behind it takes: it would never have enough. Where it never will, others
// may.
void Round::close_lacking(const Unit& unit, std::uint64_t taken) {
  if (concurrent(unit, taken) == 0) return;
  for (const model::ConsumableUse& use : unit.kind->consumables) {
    if (available(use.consumable) >= use.quantity) continue;
    const std::uint64_t left = left_of(state_, use.consumable);
    if (left >= use.quantity || left == 0) consumable_closed_[use.consumable] = true;
  }
}

// This job lacks a consumable. Many in a row that do are remembered: another round need not look
// at each of them to see that it still does.
void Round::pass(ShareTurn& at, const Unit& unit) {
  const auto& uses = unit.kind->consumables;
  const auto lacking = std::find_if(uses.begin(), uses.end(), [&](const auto& use) {
    return consumable_closed_[use.consumable];
  });
  if (lacking == uses.end() || concurrent(unit, at.taken) == 0) return;
  at.just_passed = true;
  if (begin_passed(at)) {
    at.passed.enlisted = state_.enlisted;
    at.passed.until = now_;
  }
  at.passed.end = at.order + 1;
  ++at.passed.jobs;
  at.passed.add(lacking->consumable);
}

// Whether none were passed by right before this one.
bool Round::begin_passed(ShareTurn& at) {
  if (at.passed.jobs > 0 && at.passed_in == at.lane->first) return false;
  remember_passed(at);
  at.passed_in = at.lane->first;
  at.passed.begin = at.order;
  return true;
}

bool Round::skip_passed(ShareTurn& at) {
  const auto found = placement_.memory.passed.find(at.lane->first);
  if (found == placement_.memory.passed.end() || at.taken > 0) return false;
  const Passed& known = found->second;
  const bool lacks = std::all_of(known.consumables.begin(), known.consumables.end(),
                                 [&](std::uint32_t each) { return consumable_closed_[each]; });
  if (at.order < known.begin || at.order >= known.end || !lacks) return false;
  begin_passed(at);
  at.passed.end = known.end;
  at.passed.jobs += known.jobs;
  at.passed.enlisted = known.enlisted;
  at.passed.until = known.until;
  for (const std::uint32_t each : known.consumables) at.passed.add(each);
  const std::uint64_t orders = at.passed.end - at.passed.begin;
  at.passed.jobs = std::min(at.passed.jobs, orders);
  at.go_to(known.end);
  return true;
}

void Round::remember_passed(ShareTurn& at) {
  Passed& run = at.passed;
  if (run.jobs >= kPassedMin) {
    const Duration age = std::max(kMemoryAge, kPassedAgeEach * static_cast<std::int64_t>(run.jobs));
    if (run.until <= now_) run.until = now_ + age;
    Passed& known = placement_.memory.passed[at.passed_in];
    if (run.jobs >= known.jobs || (run.begin <= known.begin && run.end >= known.end))
      known = std::move(run);
  }
  run = {};
}

}  // namespace mpibatch::scheduler
