#include "cli/log_choice.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

StatusCounts counts_of(const LogChoice& choice, const scheduler::Scheduler& core) {
  if (!choice.job) return status_counts(core.counts());
  if (!choice.child) return status_counts(core.counts(*choice.job));
  StatusCounts counts{};
  ++counts[static_cast<std::size_t>(model::status_of(core.state(*choice.job, *choice.child)))];
  return counts;
}

}  // namespace

std::uint64_t count(const LogChoice& choice, const scheduler::Scheduler& core,
                    model::JobStatus status) {
  return counts_of(choice, core)[static_cast<std::size_t>(status)];
}

bool all_over(const LogChoice& choice, const scheduler::Scheduler& core) {
  const StatusCounts counts = counts_of(choice, core);
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) ==
         count(choice, core, model::JobStatus::Succeeded) +
             count(choice, core, model::JobStatus::Failed);
}

void ChosenAttempts::add(const store::Attempt& attempt, const scheduler::Scheduler& core) {
  if (choice_.failed && !model::failed(core.state(attempt.execution.job, attempt.child))) return;
  last_attempt_ = std::max(last_attempt_, attempt.attempt);
  if (!choice_.wants(attempt)) return;
  const auto [number, added] =
      numbers_.try_emplace(attempt.segment, static_cast<std::uint32_t>(segments_.size()));
  if (added) segments_.emplace_back(attempt.segment, attempt.node);
  Found found{attempt.execution,  attempt.child, attempt.attempt, number->second, attempt.state,
              attempt.started_at, attempt.begin, attempt.stop,    nullptr};
  if (attempt.end && !attempt.end->succeeded())
    found.failure = std::make_unique<const model::AttemptEnd>(*attempt.end);
  found_.push_back(std::move(found));
}

void ChosenAttempts::for_each(const std::function<bool(const store::Attempt&)>& take) {
  const auto child_of = [](const Found& one) { return std::tuple(one.execution.job, one.child); };
  std::sort(found_.begin(), found_.end(), [&](const Found& a, const Found& b) {
    return std::tuple(child_of(a), a.started_at, a.execution.grant) <
           std::tuple(child_of(b), b.started_at, b.execution.grant);
  });
  for (std::size_t i = 0; i < found_.size(); ++i) {
    // What the run stopped is run again under the same number: the last one counts.
    const bool last = i + 1 == found_.size() || child_of(found_[i]) != child_of(found_[i + 1]);
    if (last && !take(attempt_of(found_[i]))) return;
  }
}

store::Attempt ChosenAttempts::attempt_of(const Found& found) const {
  store::Attempt attempt;
  attempt.execution = found.execution;
  attempt.child = found.child;
  attempt.attempt = found.attempt;
  std::tie(attempt.segment, attempt.node) = segments_[found.segment];
  attempt.state = found.state;
  attempt.started_at = found.started_at;
  if (found.state == store::AttemptState::Ended)
    attempt.end = found.failure ? *found.failure : model::AttemptEnd{};
  attempt.begin = found.begin;
  attempt.stop = found.stop;
  return attempt;
}

}  // namespace mpibatch::cli
