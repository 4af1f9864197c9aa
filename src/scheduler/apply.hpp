// What each fact does to the state.
#pragma once

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

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
  Result<void> operator()(const model::CancelRequested& fact);
  Result<void> operator()(const model::FailedReopened& fact);
  Result<void> operator()(const model::RunFinished& fact);

 private:
  void give_up(const GrantId& id, ChildIndex as_granted, bool started, const model::NodeName& host);
};

}  // namespace mpibatch::scheduler
