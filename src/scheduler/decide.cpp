// What to do next: a round of decisions becomes facts, and is applied.
#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "scheduler/backlog.hpp"
#include "scheduler/chain.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/placement_round.hpp"

namespace mpibatch::scheduler {

namespace {

model::Ranges one(ChildIndex child) { return {{child, child + 1}}; }

// All that could be given out of it now.
model::Ranges offered(const Scheduler::State& state, JobId id) {
  const JobState& job = state.job(id);
  if (!state.array(job)) return one(0);
  const JobExtra& more = *state.extra_of(job);
  model::RangeSet all = more.runnable;
  for (const ChildIndex child : more.boosted) all.insert(child);
  return all.ranges();
}

model::Ranges lowest(const Scheduler::State& state, JobId id, std::uint64_t children) {
  const JobState& job = state.job(id);
  return state.array(job) ? state.extra_of(job)->runnable.first(children) : one(0);
}

std::string seconds(Duration time) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

// Turns decisions into facts.
struct FactMaker {
  const Scheduler::State& state;
  Instant now;

  GrantId next_grant(std::uint32_t ahead = 1) const {
    return {state.epoch.epoch, state.grants_made + ahead};
  }

  model::Fact operator()(const Handout& made) const {
    model::Granted fact;
    fact.grant = next_grant();
    fact.node = NodeId{made.node};
    fact.instance = state.nodes[made.node].instance;
    fact.job = made.job;
    fact.children = made.child ? one(*made.child) : lowest(state, made.job, made.children);
    fact.each = made.each;
    fact.environment = made.environment;
    fact.at = now;
    return fact;
  }

  model::Fact operator()(const GangHandout& made) const {
    model::GangGranted fact;
    fact.job = made.job;
    fact.child = made.child ? *made.child : lowest(state, made.job, 1).front().begin;
    fact.at = now;
    for (const GangSeat& seat : made.seats) {
      model::GangPart& part = fact.parts.emplace_back();
      part.grant = next_grant(static_cast<std::uint32_t>(fact.parts.size()));
      part.node = NodeId{seat.node};
      part.instance = state.nodes[seat.node].instance;
      part.environment = made.environment;
      part.members = seat.members;
      part.all = seat.all;
    }
    return fact;
  }

  model::Fact operator()(const Hopeless& made) const {
    model::WaitEnded fact;
    fact.job = made.job;
    fact.children = offered(state, made.job);
    fact.cancelled = false;
    const auto [begin, end] = *state.allocation;
    fact.reason = fmt::format(
        "expected to take {}, longer than the whole allocation of {}: run it in a longer one, or "
        "say --walltime if this one is",
        seconds(made.expected), seconds(end - begin));
    return fact;
  }
};

// Heads that have waited for longer than a rule of their queue lets them.
std::vector<model::Fact> overstayed(const Scheduler::State& state, const QueueHeads& heads,
                                    Instant now) {
  std::vector<model::Fact> facts;
  for (const auto& [key, head] : heads.all()) {
    const model::TimeLimit* limit = limit_of(state.rules.queues[key.queue], head);
    if (!limit || now - head.since < limit->max) continue;
    // What lacks room waits child by child; what cannot fit does so in all of them, but for those
    // that ask for more than their siblings.
    const JobExtra* more = state.extra_of(state.job(head.job));
    const bool alone = key.why == Blocked::Capacity || (more && more->boosted.contains(head.child));
    const model::Ranges children = alone ? one(head.child) : offered(state, head.job);
    facts.emplace_back(model::WaitEnded{
        head.job, children, true,
        fmt::format("Canceled by JobStateTimeLimit action due to reason: {}", limit->reason)});
  }
  return facts;
}

// The first of it that could be given out now; none: a decision of this round ended it.
std::optional<ChildIndex> first_offered(const Scheduler::State& state, JobId id) {
  if (state.grantable(id) == 0) return std::nullopt;
  const JobState& job = state.job(id);
  if (!state.array(job)) return 0;
  const JobExtra& more = *state.extra_of(job);
  return more.runnable.empty() ? *more.boosted.begin() : more.runnable.front();
}

void update_heads(const Scheduler::State& state, Placement& placement, const Round& round,
                  Instant now) {
  std::map<QueueHeads::Key, QueueHeads::Unit> units;
  for (const auto& [key, head] : round.heads) {
    const auto child = head.child ? head.child : first_offered(state, head.job);
    if (child) units[key] = {head.job, *child};
  }
  placement.heads.update(units, now);
}

model::RunFinished end_of_run(const Scheduler::State& state) {
  const auto bad = [&](JobId id) {
    const JobState& job = state.job(id);
    return state.counts(job).good() != job.size;
  };
  return {std::any_of(state.by_order.begin(), state.by_order.end(), bad)};
}

}  // namespace

std::vector<model::Fact> Scheduler::decide(Instant now) {
  State& state = *state_;
  std::vector<model::Fact> facts;
  if (state.finished) return facts;
  if (!state.placement) state.placement = std::make_unique<Placement>();
  Placement& placement = *state.placement;
  const auto commit = [&](model::Fact fact) {
    MPIBATCH_CHECK(apply(fact).has_value());
    facts.push_back(std::move(fact));
  };

  for (bool again = true; again;) {
    again = false;
    state.wake(now);
    placement.refresh(state);
    if (state.plan_held()) {
      placement.heads.update({}, now);
      break;
    }
    Round round(state, placement, now);
    round.run();
    for (const Decision& decision : round.decisions) {
      commit(std::visit(FactMaker{state, now}, decision));
      if (const auto* granted = std::get_if<model::Granted>(&facts.back())) {
        placement.gave(model::number_of(granted->node), granted->grant);
      } else if (const auto* gang = std::get_if<model::GangGranted>(&facts.back())) {
        for (const model::GangPart& part : gang->parts)
          placement.gave(model::number_of(part.node), part.grant);
      } else {
        again = true;  // who waited behind it may go on
      }
    }
    update_heads(state, placement, round, now);
    for (model::Fact& fact : overstayed(state, placement.heads, now)) {
      commit(std::move(fact));
      again = true;
    }
  }
  placement.refresh(state);
  take_back(state, placement);
  for (const GrantId& id : std::exchange(state.chains, {}))
    for (Chain chain(state, placement, id, now); auto link = chain.next();) {
      placement.gave(model::number_of(link->granted.node), link->granted.grant);
      commit(*std::move(link));
    }

  if (state.revision != model::Revision{} && state.unfinished == 0 && state.grants.empty())
    commit(end_of_run(state));
  return facts;
}

std::optional<Instant> Scheduler::next_time() const {
  const State& state = *state_;
  if (state.finished) return std::nullopt;
  std::optional<Instant> next;
  const auto sooner = [&](Instant at) { next = std::min(next.value_or(at), at); };
  if (!state.sleeping.empty()) sooner(state.sleeping.begin()->first);
  if (!state.placement || state.plan_held()) return next;
  if (const auto again = state.placement->memory.next_time(state.enlisted)) sooner(*again);
  for (const auto& [key, head] : state.placement->heads.all())
    if (const model::TimeLimit* limit = limit_of(state.rules.queues[key.queue], head))
      sooner(head.since + limit->max);
  return next;
}

}  // namespace mpibatch::scheduler
