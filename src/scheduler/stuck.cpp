// Why nothing goes on: what fits nowhere, and what is held.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "scheduler/shortage.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;

// Why this job, which may be given out, never will be; empty: it may.
std::string hopeless(const State& state, const JobState& job,
                     std::vector<std::optional<std::string>>& of_kind) {
  const model::JobSpec& kind = state.kind(job);
  const JobExtra* more = state.extra_of(job);
  const bool plain = !state.array(job) || !more->runnable.empty();
  const model::Resources asked = !state.array(job) ? state.asks(job, 0)
                                 : plain           ? kind.resources
                                                   : state.asks(job, *more->boosted.begin());
  std::optional<std::string> own;
  std::optional<std::string>& lack = asked == kind.resources ? of_kind[job.kind] : own;
  if (!lack) lack = never_fits(state, kind, asked, Detail::Plain);
  if (!lack->empty()) return *lack + grown(kind, asked);
  for (const model::ConsumableUse& use : kind.consumables)
    if (left_of(state, use.consumable) < use.quantity)
      return fmt::format(
          "needs {} of '{}'; {} {}", use.quantity, state.rules.consumables[use.consumable].name,
          left_of(state, use.consumable),
          state.spent[use.consumable] > 0 ? "are left for good" : "are all there is");
  const Duration expected = state.expected(job);
  if (!state.allocation || expected <= Duration{0}) return {};
  const Duration left = state.allocation->second - state.woken_upto;
  if (expected <= left) return {};
  return fmt::format("is expected to take {}; the allocation ends in {}", seconds_text(expected),
                     seconds_text(std::max(left, Duration{0})));
}

bool unfinished(const State& state, const JobState& job) {
  return job.in_plan && state.counts(job).terminal() < job.size;
}

std::string release(std::string_view name) { return fmt::format("`mpibatch release {}`", name); }

}  // namespace

std::vector<std::string> Scheduler::unsatisfiable() const {
  const State& state = *state_;
  std::vector<std::string> lines;
  std::size_t all = 0;
  std::vector<std::optional<std::string>> of_kind(state.kinds.size());
  for (const JobId id : state.by_order) {
    const JobState& job = state.job(id);
    if (!unfinished(state, job) || (state.only && !state.only->contains(id))) continue;
    std::optional<std::string>& lack = of_kind[job.kind];
    const model::JobSpec& kind = state.kind(job);
    if (!lack) lack = never_fits(state, kind, kind.resources, Detail::Plain);
    if (lack->empty()) continue;
    if (++all <= kLinesMax) lines.push_back(fmt::format("job '{}' {}", name(id), *lack));
  }
  bound_lines(lines, all);
  return lines;
}

std::vector<std::string> Scheduler::stuck() const {
  const State& state = *state_;
  if (state.unfinished == 0 || !state.grants.empty() || !state.leases_awaited.empty() ||
      !state.sleeping.empty())
    return {};
  std::vector<std::string> lines;
  std::size_t all = 0;
  std::vector<std::optional<std::string>> of_kind(state.kinds.size());
  for (const auto& [lane, orders] : state.lanes) {
    if (state.plan_held()) break;
    for (const model::Range& range : orders.ranges())
      for (std::uint32_t order = range.begin; order < range.end; ++order) {
        const JobId id = state.by_order[order];
        const std::string why = hopeless(state, state.job(id), of_kind);
        if (why.empty()) return {};
        if (++all <= kLinesMax) lines.push_back(fmt::format("job '{}' {}", name(id), why));
      }
  }
  bound_lines(lines, all);
  return lines;
}

std::vector<std::string> Scheduler::held() const {
  const State& state = *state_;
  std::vector<std::string> lines;
  std::size_t all = 0;
  const auto add = [&](std::string line) {
    if (++all <= kLinesMax) lines.push_back(std::move(line));
  };
  for (const JobId id : state.by_order) {
    const JobState& job = state.job(id);
    const JobExtra* more = state.extra_of(job);
    if (more == nullptr || !unfinished(state, job)) continue;
    if (!more->trouble.empty()) {
      add(fmt::format("job '{}' is held: {} ({} lets it go on)", name(id), more->trouble,
                      release(name(id))));
    } else if (state.held_by_failures(job)) {
      add(fmt::format(
          "job '{}' is held: {} of its children failed{}, its maxFailures is {} ({} lets "
          "it go on, the next run retries them)",
          name(id), more->counts[ChildState::Failed] - more->forgiven,
          since_release(more->forgiven), *state.kind(job).max_failures, release(name(id))));
    }
    std::uint64_t children = 0;
    model::for_each(more->held.ranges(), [&](ChildIndex child) {
      if (!model::terminal(state.child(job, child).state())) ++children;
    });
    if (children == 0) continue;
    if (children == job.size) {
      add(fmt::format("job '{}' is held by a user ({} lets it go on)", name(id),
                      release(name(id))));
    } else {
      add(fmt::format("job '{}': {} held by a user ({} lets them go on)", name(id),
                      children == 1 ? "1 child is" : fmt::format("{} children are", children),
                      release(name(id))));
    }
  }
  bound_lines(lines, all);
  if (state.plan_held() && state.unfinished > 0)
    lines.push_back(
        fmt::format("all that waits is held: {} failed{}, the plan's maxFailures is {} "
                    "(`mpibatch release --all` lets it go on, the next run retries)",
                    counted(state.failed - state.forgiven, "task"), since_release(state.forgiven),
                    *state.rules.max_failures));
  return lines;
}

}  // namespace mpibatch::scheduler
