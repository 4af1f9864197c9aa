// What each fact does to the state.
#pragma once

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

tl::unexpected<Error> impossible(const model::Fact& fact, std::string_view why);

struct Applier {
  Scheduler::State& state;

  Result<void> operator()(const model::EpochBegan& fact);
  Result<void> operator()(const model::PlanAdopted& fact);  // adopt.cpp
  Result<void> operator()(const model::NodeJoined& fact);
  Result<void> operator()(const model::NodeGone& fact);
  Result<void> operator()(const model::LeaseAwaited& fact);
  Result<void> operator()(const model::Granted& fact);
  Result<void> operator()(const model::Started& fact);
  Result<void> operator()(const model::Ended& fact);
  Result<void> operator()(const model::Returned& fact);
  Result<void> operator()(const model::RunFinished& fact);
  Result<void> operator()(const model::GrantedAfter& fact);  // apply_after.cpp
  Result<void> operator()(const model::GangGranted& fact);   // apply_gang.cpp
  // apply_request.cpp
  Result<void> operator()(const model::CancelRequested& fact);
  Result<void> operator()(const model::FailedReopened& fact);
  Result<void> operator()(const model::HoldRequested& fact);
  Result<void> operator()(const model::RetryRequested& fact);
  Result<void> operator()(const model::PriorityRequested& fact);
  Result<void> operator()(const model::WaitEnded& fact);

 private:
  void adopt_jobs(const model::PlanAdopted& fact, const std::vector<std::uint64_t>& firsts);
  void succeed(JobId job, const model::Ranges& children);
  void fail(JobId job, ChildIndex child, const model::FailedAttempt& attempt, NodeId node);
  void lose(JobId job, ChildIndex child, bool counts, const model::NodeName& host);
  void watch_starts(JobId job, const model::FailedAttempt* failure, NodeId node);

  // Of a grant that may be made: none of its children is changed yet.
  Result<void> check_grant(const model::Fact& whole, const model::Granted& fact) const;
  GrantState& open_grant(const model::Granted& fact);
  void come_back(const GrantState& before, const model::Ranges& as_granted);

  // ---- grants after others: apply_after.cpp
  void take_turn(GrantId id, Instant at);  // the first that is promised
  void take_turns(GrantId id, const model::Ranges& as_granted, Instant at);
  void go_on_after(GrantId id, const model::Ranges& succeeded, Instant at);
  void call_off_after(GrantId id, const model::Ranges& lost, Instant at);
  model::Ranges call_off(GrantId id, ChildIndex from, Instant at);  // what is promised from there

  // ---- gangs: apply_gang.cpp
  void gang_started(const GrantState& part);
  // A part is back; what the main member's end, a loss or a return made of the child.
  void gang_part_back(GrantId main, GangState::Outcome outcome, const model::NodeName& host);
  void gang_outcome(const GangState& gang, bool started);

  // ---- requests
  void hold(JobId job, const model::Ranges& children);
  void release(JobId job, const model::Ranges& children);
  bool reopen(JobId job, ChildIndex child, bool succeeded);
  void reopen_dependents(std::vector<ChildKey> work);
  void forget_failures(JobId job);
};

}  // namespace mpibatch::scheduler
