// Work that waits for one thing alone goes to the node that has that thing, before it has ended: no
// word of rank 0 lies between two links of a chain.
#pragma once

#include <optional>

#include "scheduler/placement.hpp"

namespace mpibatch::scheduler {

// A chain of short attempts on one node, from the one that has its turn to the last one promised.
class Chain {
 public:
  // The chain that this grant's last child is a link of.
  Chain(const Scheduler::State& state, Placement& placement, GrantId from, Instant now);
  // What may be promised behind it, given that what this returned before was applied; none: nothing
  // more.
  std::optional<model::GrantedAfter> next();

 private:
  void follow(GrantId from);
  std::optional<model::GrantedAfter> next_of_array(const GrantState& last);
  std::optional<model::GrantedAfter> next_job(const GrantState& last);
  // How many more of this job's may be promised here.
  std::uint64_t room(const GrantState& last, const JobState& job) const;
  bool fits_behind(const GrantState& last, const JobState& job) const;
  bool may_follow(const GrantState& last, JobId id, ChildIndex index) const;
  model::GrantedAfter link(const GrantState& last, JobId job, model::Range children) const;

  const Scheduler::State& state_;
  Placement& placement_;
  Instant now_;
  model::ExecutionId end_;   // the last link
  std::uint64_t ahead_ = 0;  // links that are promised
  bool going_on_ = false;    // a link was added: as many more as there may be
};

}  // namespace mpibatch::scheduler
