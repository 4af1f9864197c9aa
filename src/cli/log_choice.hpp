// Which attempts `logs` shows: of each child the last one, or the one with the asked number.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/store/attempts.hpp>

#include "cli/reading.hpp"

namespace mpibatch::cli {

struct LogChoice {
  std::optional<model::JobId> job;  // none: all jobs of the plan
  std::optional<model::ChildIndex> child;
  bool one = false;      // it can only be a single child
  unsigned attempt = 0;  // 0: the last one
  bool failed = false;   // only children that are FAILED
  store::AttemptFilter filter() const { return {job, child}; }
  bool wants(const store::Attempt& of_chosen) const {
    return attempt == 0 || of_chosen.attempt == attempt;
  }
};

// So many children of the chosen have this status.
std::uint64_t count(const LogChoice& choice, const scheduler::Scheduler& core,
                    model::JobStatus status);
bool all_over(const LogChoice& choice, const scheduler::Scheduler& core);

// Keeps where each child's output is; about 100 bytes an attempt.
class ChosenAttempts {
 public:
  explicit ChosenAttempts(LogChoice choice) : choice_(choice) {}
  void add(const store::Attempt& attempt, const scheduler::Scheduler& core);
  // One a child, by job and index. Until `take` says false.
  void for_each(const std::function<bool(const store::Attempt&)>& take);
  // The highest number among the attempts that were added, chosen or not; 0: none.
  unsigned last_attempt() const { return last_attempt_; }

 private:
  struct Found {
    model::ExecutionId execution;
    model::ChildIndex child = 0;
    unsigned attempt = 1;
    std::uint32_t segment = 0;
    store::AttemptState state{};
    Instant started_at{};
    std::uint64_t begin = 0;
    std::uint64_t stop = 0;
    std::unique_ptr<const model::AttemptEnd> failure;  // how it ended, unless well
  };
  store::Attempt attempt_of(const Found& found) const;

  const LogChoice choice_;
  std::vector<Found> found_;
  std::vector<std::pair<std::string, model::NodeName>> segments_;
  std::map<std::string, std::uint32_t> numbers_;  // of segments_
  unsigned last_attempt_ = 0;
};

}  // namespace mpibatch::cli
