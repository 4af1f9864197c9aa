// Since when children that start could have started, had there been room: what waiting is counted
// from. A number a job, more only where children wait for single children.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/model/ranges.hpp>

namespace mpibatch::sim {

class Waiting {
 public:
  // `jobs` must outlive it.
  Waiting(const std::vector<model::PlannedJob>& jobs, Instant begin);

  // Of a child that starts, or started, before any end of its own is told. Where single() is
  // false, that of all children of the job.
  Instant ready(std::uint32_t job, model::ChildIndex child);
  bool single(std::uint32_t job) const { return jobs_[job].single; }
  // For good; times never go back.
  void ended(std::uint32_t job, model::Range children, Instant at);

 private:
  // A group of a MATCH is ready when the last that it waits for has ended.
  struct Groups {
    std::uint32_t job = 0;          // that waits
    std::uint32_t match = 0;        // of its spec
    std::vector<Instant> ended_at;  // of each group
  };
  struct Job {
    std::optional<Instant> ready;      // as far as its whole-job dependencies go
    std::optional<Instant> ended_at;   // the last end so far
    std::vector<Instant> children;     // ends, where others wait for single ones
    std::vector<std::size_t> groups;   // in groups_: that wait for its children
    std::vector<std::size_t> matches;  // in groups_: of its own, by JobSpec::matches
    bool single = false;
  };
  Instant gates_ready(std::uint32_t job);
  bool settle(std::uint32_t job, std::vector<std::uint32_t>& stack);
  std::optional<Instant> passed(const model::Dependency& dependency) const;

  const std::vector<model::PlannedJob>& plan_;
  Instant begin_;
  std::vector<Job> jobs_;
  std::vector<Groups> groups_;
};

}  // namespace mpibatch::sim
