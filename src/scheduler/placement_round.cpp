#include "scheduler/placement_round.hpp"

#include <algorithm>
#include <limits>

#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();

Blocked blocked_by(Fit fit) {
  switch (fit) {
    case Fit::OverMax:
      return Blocked::EnvironmentMax;
    case Fit::TooBig:
      return Blocked::JobRequirement;
    case Fit::NoNodes:
    case Fit::Fits:
      break;
  }
  return Blocked::Capacity;
}

}  // namespace

Round::Round(const Scheduler::State& state, Placement& placement, Instant now)
    : state_(state),
      placement_(placement),
      now_(now),
      environment_vcpus_(state.environment_vcpus),
      environment_closed_(state.rules.environments.size(), false),
      in_use_(state.in_use),
      consumable_closed_(state.rules.consumables.size(), false) {
  environment_vcpus_.resize(state.rules.environments.size());
  in_use_.resize(state.rules.consumables.size());
}

void Round::run() {
  placement_.closed.assign(placement_.pool_count(), false);
  if (now_ < placement_.memory.round) placement_.memory = {};
  placement_.memory.round = now_;
  for (auto& [number, queue] : placement_.memory.queues) queue.cut_short = queue.kept = false;
  std::erase_if(placement_.memory.passed, [&](const auto& each) {
    return each.second.enlisted != state_.enlisted && each.second.until <= now_;
  });
  collect();
  const auto priority = [&](const QueueTurn& turn) {
    return state_.rules.queues[turn.queue].priority;
  };
  for (std::size_t begin = 0; begin < turns_.size();) {
    std::size_t end = begin + 1;
    while (end < turns_.size() && priority(turns_[end]) == priority(turns_[begin])) ++end;
    run_tier(begin, end);
    begin = end;
  }
  for (QueueTurn& turn : turns_)
    for (ShareTurn& share : turn.shares) remember_passed(share);
  placement_.end_round();
}

void Round::ShareTurn::go_to(ChildIndex from) {
  taken = 0;
  plain = 0;
  boosted = 0;
  const auto next = lane->second.at_or_after(from);
  if (next) {
    order = *next;
  } else if (++lane != end) {
    order = lane->second.front();
  }
}

void Round::collect() {
  for (auto next = state_.lanes.begin(); next != state_.lanes.end();) {
    LaneKey last = next->first;
    last.priority = std::numeric_limits<std::int64_t>::max();
    const auto end =
        std::next(next) == state_.lanes.end() ? state_.lanes.end() : state_.lanes.upper_bound(last);
    if (turns_.empty() || turns_.back().queue != last.queue) {
      QueueTurn& turn = turns_.emplace_back();
      turn.queue = last.queue;
      turn.fair = state_.rules.queues[last.queue].policy.has_value();
      if (turn.fair) {
        for (const ShareState& share : state_.shares)
          if (share.queue == last.queue) turn.vcpus += share.vcpus;
        const std::vector<std::uint32_t>& pools = placement_.queue_pools(state_, last.queue);
        const std::uint64_t pool = std::min<std::uint64_t>(
            queue_vcpus(state_, last.queue,
                        [&](std::size_t choice) { return placement_.pool(pools[choice]).vcpus(); }),
            placement_.everything().vcpus());
        turn.vcpus_max = usable_vcpus(state_, last.queue, pool);
      }
    }
    QueueTurn& turn = turns_.back();
    ShareTurn& share = turn.shares.emplace_back();
    share.lane = next;
    share.end = end;
    share.order = next->second.front();
    if (turn.fair) share.standing = standing_of(state_, last.share, now_);
    next = end;
  }
}

// Queues of one priority take turns by the plan's order of what they would give out next.
void Round::run_tier(std::size_t begin, std::size_t end) {
  for (;;) {
    QueueTurn* next = nullptr;
    for (std::size_t i = begin; i < end; ++i) {
      QueueTurn& turn = turns_[i];
      if (!choose(turn)) continue;
      if (!next || turn.shares[turn.at].order < next->shares[next->at].order) next = &turn;
    }
    if (!next) return;
    take_turn(*next);
  }
}

bool Round::choose(QueueTurn& turn) {
  if (turn.done) return false;
  bool found = false;
  for (std::size_t i = 0; i < turn.shares.size(); ++i) {
    const ShareTurn& share = turn.shares[i];
    if (share.over()) continue;
    if (!found || goes_before(share.standing, turn.shares[turn.at].standing)) turn.at = i;
    found = true;
  }
  return found;
}

// Whether a queue in which somebody waits for room may still find any for others.
bool Round::deep_enough(QueueTurn& turn) {
  const auto idle = [&](std::uint32_t pool) { return placement_.pool(pool).idle(); };
  const std::vector<std::uint32_t>& pools = placement_.queue_pools(state_, turn.queue);
  if (std::none_of(pools.begin(), pools.end(), idle)) return true;
  QueueMemory& memory = placement_.memory.queues[turn.queue];
  const bool deep = now_ >= memory.deep_at;
  if (++turn.looked_at > (deep ? kBackfillJobsMax : kBackfillJobsBetween)) {
    memory.cut_short = !deep;
    if (deep) memory.deep_at = now_ + kMemoryAge;
    return true;
  }
  return false;
}

void Round::take_turn(QueueTurn& turn) {
  ShareTurn& at = turn.shares[turn.at];
  if (skip_passed(at)) return;
  if (turn.waits && deep_enough(turn)) {
    turn.done = true;
    return;
  }
  switch (offer(turn, at, state_.by_order[at.order])) {
    case Outcome::Stay:
      break;
    case Outcome::NextJob:
      next_job(at);
      break;
    case Outcome::QueueDone:
      turn.done = true;
      break;
  }
}

void Round::next_job(ShareTurn& at) {
  if (!at.just_passed) remember_passed(at);
  at.just_passed = false;
  at.go_to(at.order + 1);
}

// Of a fair-share queue: how many children the share may take now.
std::uint64_t Round::turn_limit(const QueueTurn& turn, std::uint32_t vcpus_each) const {
  std::uint64_t limit = kUnbounded;
  const ShareTurn& at = turn.shares[turn.at];
  for (const ShareTurn& other : turn.shares)
    if (&other != &at && !other.over())
      limit = std::min(limit, turn_of(at.standing, other.standing, vcpus_each));
  if (turn.vcpus_max == kUnbounded) return limit;
  const std::uint64_t left = turn.vcpus_max - std::min(turn.vcpus_max, turn.vcpus);
  std::uint64_t room = left / std::max<std::uint32_t>(1, vcpus_each);
  // What is wider than all that may be used still gets its turn, alone.
  if (turn.vcpus == 0) room = std::max<std::uint64_t>(1, room);
  return std::min(limit, room);
}

Round::Outcome Round::offer(QueueTurn& turn, ShareTurn& at, JobId id) {
  const JobState& job = state_.job(id);
  const model::JobSpec& kind = state_.kind(job);
  Unit unit{
      id, &kind,    &placement_.places(state_, job.kind), kind.resources, state_.expected(job),
      {}, turn.fair};
  if (outlasts(unit)) return Outcome::NextJob;
  std::uint64_t most = allowed(unit, at.taken);
  if (most == 0) {
    close_lacking(unit, at.taken);
    pass(at, unit);
    return Outcome::NextJob;
  }
  if (turn.fair) {
    const auto vcpus = static_cast<std::uint32_t>(vcpus_of(kind, kind.resources));
    most = std::min(most, turn_limit(turn, vcpus));
    if (most == 0) {
      note(turn.queue, Blocked::Capacity, unit);
      return Outcome::QueueDone;
    }
  }
  if (kind.gang) return offer_gangs(turn, at, unit, turn.fair ? 1 : most);

  const JobExtra* more = kind.array ? state_.extra_of(job) : nullptr;
  if (more && !more->boosted.empty()) offer_boosted(turn, at, unit, *more, most);
  const std::uint64_t left = (more ? more->runnable.size() : 1) - at.plain;
  if (left == 0 || most == 0) {
    const bool rest =
        left > 0 || (more && more->boosted.lower_bound(at.boosted) != more->boosted.end());
    return rest && most == 0 ? Outcome::Stay : Outcome::NextJob;
  }
  if (!kind.array) unit.each = state_.asks(job, 0);
  const Fit fit = unit.each == kind.resources
                      ? unit.places->fit
                      : placement_.fit(state_.rules, unit.places->choices, unit.each);
  if (fit != Fit::Fits) {
    note(turn.queue, blocked_by(fit), unit);
    return Outcome::NextJob;
  }
  const std::uint64_t wish = std::min(left, most);
  const std::uint64_t placed = place(unit, wish);
  at.plain += placed;
  count(turn, at, placed, placed * unit.each.vcpus);
  if (placed < wish) {
    wait(turn, unit);
    return Outcome::NextJob;
  }
  return wish < left ? Outcome::Stay : Outcome::NextJob;
}

// Children that ask for more memory than their job says, one by one.
void Round::offer_boosted(QueueTurn& turn, ShareTurn& at, Unit unit, const JobExtra& more,
                          std::uint64_t& most) {
  for (auto next = more.boosted.lower_bound(at.boosted); next != more.boosted.end() && most > 0;
       ++next) {
    unit.child = *next;
    unit.each = state_.asks(state_.job(unit.job), *next);
    at.boosted = *next + 1;
    const Fit fit = placement_.fit(state_.rules, unit.places->choices, unit.each);
    if (fit != Fit::Fits) {
      note(turn.queue, blocked_by(fit), unit);
      continue;
    }
    if (place(unit, 1) == 0) {
      wait(turn, unit);
      at.boosted = model::kAllChildren;
      return;
    }
    --most;
    count(turn, at, 1, unit.each.vcpus);
  }
}

Round::Outcome Round::offer_gangs(QueueTurn& turn, ShareTurn& at, Unit& unit, std::uint64_t most) {
  if (const Fit fit = gang_fit(unit); fit != Fit::Fits) {
    note(turn.queue, blocked_by(fit), unit);
    return Outcome::NextJob;
  }
  const JobExtra* more = unit.kind->array ? state_.extra_of(state_.job(unit.job)) : nullptr;
  for (; most > 0; --most) {
    unit.child.reset();
    if (at.plain == (more ? more->runnable.size() : 1)) {
      const auto next =
          more ? more->boosted.lower_bound(at.boosted) : std::set<ChildIndex>::iterator{};
      if (!more || next == more->boosted.end()) return Outcome::NextJob;
      unit.child = *next;
    }
    std::uint64_t vcpus = 0;
    if (!place_gang(unit, vcpus)) {
      wait(turn, unit);
      return Outcome::NextJob;
    }
    if (unit.child)
      at.boosted = *unit.child + 1;
    else
      ++at.plain;
    count(turn, at, 1, vcpus);
  }
  return Outcome::Stay;
}

bool Round::outlasts(const Unit& unit) {
  if (!state_.allocation || unit.expected <= Duration{0}) return false;
  const auto [begin, end] = *state_.allocation;
  if (unit.expected > end - begin) {
    decisions.emplace_back(Hopeless{unit.job, unit.expected});
    return true;
  }
  return unit.expected > end - now_;
}

std::uint64_t Round::concurrent(const Unit& unit, std::uint64_t taken) const {
  const std::uint64_t most = unit.kind->max_concurrent;
  if (most == 0) return kUnbounded;
  const Counts counts = state_.counts(state_.job(unit.job));
  const std::uint64_t out = counts[ChildState::Granted] + counts[ChildState::Running] + taken;
  return most - std::min(most, out);
}

void Round::count(QueueTurn& turn, ShareTurn& at, std::uint64_t children, std::uint64_t vcpus) {
  at.taken += children;
  at.standing.vcpus += static_cast<double>(vcpus);
  turn.vcpus += vcpus;
}

void Round::note(std::uint32_t queue, Blocked why, const Unit& unit) {
  heads.try_emplace({queue, why}, Head{unit.job, unit.child});
}

// It found no room. The first of its queue is given a reservation, and what else it needs is set
// aside.
void Round::wait(QueueTurn& turn, const Unit& unit) {
  note(turn.queue, Blocked::Capacity, unit);
  if (turn.waits) return;
  turn.waits = true;
  Waiting waiting{
      unit.kind->gang ? &*unit.kind->gang : nullptr, unit.each, unit.expected, {}, turn.queue};
  // An exclusive gang takes more than its members ask for.
  const std::uint64_t vcpus =
      std::max(vcpus_of(*unit.kind, unit.kind->resources), unit.places->gang_vcpus);
  if (placement_.closed.size() < placement_.pool_count())
    placement_.closed.resize(placement_.pool_count(), false);
  for (const KindPlaces::Choice& choice : unit.places->choices) {
    placement_.closed[choice.pool] = true;
    const bool full = environment_room(choice.environment, vcpus) == 0;
    if (!full) waiting.pools.push_back(choice.pool);
    if (choice.environment == model::kNoEnvironment) continue;
    if (full)
      environment_closed_[choice.environment] = true;
    else
      environment_vcpus_[choice.environment] += vcpus;
  }
  for (const model::ConsumableUse& use : unit.kind->consumables)
    in_use_[use.consumable] += use.quantity;
  waiting_.push_back(std::move(waiting));
}

}  // namespace mpibatch::scheduler
