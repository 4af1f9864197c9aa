// Why a child that could start is not given out.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "scheduler/explain.hpp"
#include "scheduler/fair_share.hpp"
#include "scheduler/pool.hpp"
#include "scheduler/shortage.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;

constexpr std::size_t kHoldersMax = 3;

struct Ahead {
  std::uint64_t jobs = 0;
  std::optional<JobId> first;
  void add(const State& state, const model::RangeSet& orders, std::uint32_t below) {
    for (const model::Range& range : orders.ranges()) {
      if (range.begin >= below) return;
      if (!first) first = state.by_order[range.begin];
      jobs += std::min(range.end, below) - range.begin;
    }
  }
};

constexpr std::uint32_t kAllOrders = UINT32_MAX;

// Jobs that are looked at before this one: of its own queue, and of queues that go first.
struct Line {
  Ahead queue;
  Ahead others;
};

Line line_of(const State& state, const JobState& job, Instant now) {
  const LaneKey own = state.lane(job);
  Line line;
  for (const auto& [lane, orders] : state.lanes) {
    if (lane.queue != own.queue) {
      if (lane.queue_priority < own.queue_priority) line.others.add(state, orders, kAllOrders);
    } else if (lane.share != own.share) {
      if (goes_before(standing_of(state, lane.share, now), standing_of(state, own.share, now)))
        line.queue.add(state, orders, kAllOrders);
    } else if (lane.priority <= own.priority) {
      line.queue.add(state, orders, lane.priority < own.priority ? kAllOrders : job.order);
    }
  }
  return line;
}

std::string text_of(const State& state, const JobState& job, const Line& line) {
  const std::string& queue = state.rules.queues[state.kind(job).queue].name;
  std::string text;
  if (line.queue.jobs > 0)
    text =
        fmt::format("{} ahead in queue {} (first: {})",
                    line.queue.jobs == 1 ? "1 job is" : fmt::format("{} jobs are", line.queue.jobs),
                    queue, state.names.name(*line.queue.first));
  if (line.others.jobs > 0)
    text += fmt::format("{}{} of queues with a higher priority (first: {})",
                        text.empty() ? "behind " : ", and ", counted(line.others.jobs, "job"),
                        state.names.name(*line.others.first));
  return text;
}

// Who has what is short of a consumable.
std::string holders_of(const State& state, std::uint32_t consumable) {
  std::map<JobId, std::uint64_t> held;
  const auto add = [&](JobId id, std::uint64_t times) {
    const JobState& job = state.job(id);
    if (!job.in_plan) return;
    for (const model::ConsumableUse& use : state.kind(job).consumables)
      if (use.consumable == consumable) held[id] += use.quantity * times;
  };
  const bool comes_back = state.rules.consumables[consumable].replenishable;
  for (const auto& [id, grant] : state.grants)
    if (!grant.gang || (grant.gang_main && !comes_back)) add(grant.job, grant.outstanding.size());
  for (const auto& [id, gang] : state.gangs)
    if (comes_back) add(gang.job, 1);
  std::string text;
  std::size_t shown = 0;
  for (const auto& [job, quantity] : held) {
    if (shown++ == kHoldersMax) return text + ", …";
    text += fmt::format("{}{} has {}", text.empty() ? "" : ", ", state.names.name(job), quantity);
  }
  return text;
}

void explain_consumables(const State& state, const model::JobSpec& kind, Lines& lines) {
  for (const model::ConsumableUse& use : kind.consumables) {
    const std::uint64_t free = free_of(state, use.consumable);
    if (free >= use.quantity) continue;
    const model::Consumable& consumable = state.rules.consumables[use.consumable];
    std::string line = fmt::format("needs {} of '{}'; {} of {} free (short by {})", use.quantity,
                                   consumable.name, free, consumable.total, use.quantity - free);
    if (state.spent[use.consumable] > 0)
      line += fmt::format("; {} spent for good", state.spent[use.consumable]);
    if (const std::string holders = holders_of(state, use.consumable); !holders.empty())
      line += "; " + holders;
    lines.push_back(std::move(line));
  }
}

void explain_walltime(const State& state, const JobState& job, Instant now, Lines& lines) {
  const Duration expected = state.expected(job);
  if (!state.allocation || expected <= Duration{0}) return;
  const Duration left = state.allocation->second - now;
  if (expected > left)
    lines.push_back(fmt::format("is expected to take {}; the allocation ends in {} (short by {})",
                                seconds_text(expected), seconds_text(std::max(left, Duration{0})),
                                seconds_text(expected - std::max(left, Duration{0}))));
}

void explain_share(const State& state, const JobState& job, Instant now, Lines& lines) {
  const std::uint32_t own = state.kinds[job.kind].share;
  if (own == kNone) return;
  std::optional<std::uint32_t> next;
  for (const auto& [lane, orders] : state.lanes)
    if (lane.queue == state.kind(job).queue && lane.share != kNone && lane.share != own &&
        (!next || goes_before(standing_of(state, lane.share, now), standing_of(state, *next, now))))
      next = lane.share;
  if (!next || !goes_before(standing_of(state, *next, now), standing_of(state, own, now))) return;
  lines.push_back(fmt::format(
      "share '{}' goes first: it has used {:.0f} vCPU-seconds, times its weight, and '{}' {:.0f}",
      state.shares[*next].id, standing_of(state, *next, now).value(), state.shares[own].id,
      standing_of(state, own, now).value()));
}

// What computeReservation keeps for shares that have no work yet.
void explain_reservation(const State& state, const model::JobSpec& kind, Lines& lines) {
  const model::Queue& queue = state.rules.queues[kind.queue];
  if (!queue.policy || state.rules.policies[*queue.policy].compute_reservation == 0) return;
  const auto vcpus_in = [&](const PoolRule& rule) {
    std::uint64_t sum = 0;
    for (const NodeId node : nodes_of(state, rule)) sum += state.node(node).capacity.vcpus;
    return sum;
  };
  model::JobSpec any;
  any.queue = kind.queue;
  const std::vector<PoolChoice> choices = choices_of(state.rules, any);
  if (choices.empty()) return;
  const std::uint64_t all =
      std::min(queue_vcpus(state, kind.queue,
                           [&](std::size_t choice) { return vcpus_in(choices[choice].rule); }),
               vcpus_in({}));
  const std::uint64_t usable = usable_vcpus(state, kind.queue, all);
  std::uint64_t used = 0;
  for (const ShareState& share : state.shares)
    if (share.queue == kind.queue) used += share.vcpus;
  const std::uint64_t asked = vcpus_of(kind, kind.resources);
  if (used == 0 || used + asked <= usable) return;
  const std::uint64_t left = usable - std::min(usable, used);
  lines.push_back(
      fmt::format("needs {}; queue '{}' has {} left (short by {}): it keeps {} of {} for shares "
                  "that have no work yet (computeReservation)",
                  counted(asked, "vCPU"), queue.name, left, asked - left, all - usable, all));
}

}  // namespace

void explain_room(const Scheduler&, const State& state, JobId id, ChildIndex index, Instant now,
                  Lines& lines) {
  const JobState& job = state.job(id);
  const model::JobSpec& kind = state.kind(job);
  const model::Resources asked = state.asks(job, index);
  if (const Instant at = state.earliest(job); at > now)
    lines.push_back(fmt::format("may start in {} (notBeforeSeconds)", seconds_text(at - now)));
  if (kind.max_concurrent > 0) {
    const Counts counts = state.counts(job);
    const std::uint64_t out = counts[ChildState::Granted] + counts[ChildState::Running];
    if (out >= kind.max_concurrent)
      lines.push_back(fmt::format("{} of its job {} out, its maxConcurrent is {}",
                                  children_text(out), out == 1 ? "is" : "are",
                                  kind.max_concurrent));
  }
  explain_consumables(state, kind, lines);
  explain_walltime(state, job, now, lines);
  if (const std::string lack = never_fits(state, kind, asked, Detail::ShortBy); !lack.empty()) {
    lines.push_back(lack + grown(kind, asked));
    if (const std::string code = misconfiguration(state, kind, asked); !code.empty())
      lines.push_back(code);
    return;
  }
  explain_reservation(state, kind, lines);
  explain_share(state, job, now, lines);
  const bool more = !lines.empty();
  std::string room = finds_no_room(state, kind, asked);
  const std::string ahead = text_of(state, job, line_of(state, job, now));
  if (!room.empty()) {
    lines.push_back(ahead.empty() ? room : room + "; " + ahead);
  } else if (!ahead.empty() && !more) {
    lines.push_back(fmt::format("there is room, but it is kept for others: {}", ahead));
  } else if (!more) {
    lines.emplace_back("there is room: it is given out next");
  }
}

}  // namespace mpibatch::scheduler
