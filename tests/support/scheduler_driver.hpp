// Drives a scheduler as rank 0 would: events become facts, facts are applied, decisions taken.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <mpibatch/scheduler/scheduler.hpp>

#include "support/job_builder.hpp"

namespace mpibatch::testing {

struct SchedulerDriver {
  scheduler::Scheduler core;
  Adopted adopted;
  std::vector<model::Fact> facts;  // all that were applied
  Instant now{};

  SchedulerDriver();
  explicit SchedulerDriver(PlanBuilder plan);
  SchedulerDriver(SchedulerDriver&&) noexcept;
  SchedulerDriver& operator=(SchedulerDriver&&) noexcept;
  ~SchedulerDriver();

  void apply(const model::Fact& fact);
  void adopt(PlanBuilder plan);
  std::vector<model::Fact> happen(const scheduler::Event& event);
  model::NodeId join(const std::string& name, model::Resources capacity, std::uint64_t instance = 1,
                     std::vector<std::string> features = {});
  std::vector<model::Fact> decide();
  std::vector<model::Granted> grants();

  model::JobId job(const std::string& name) const;
  std::string state(const std::string& name, model::ChildIndex child = 0) const;
  model::GrantId grant(std::uint32_t number, std::uint32_t epoch = 1) const;
  const scheduler::GrantView& view(model::GrantId id);
  std::vector<model::Fact> started(model::GrantId id, model::Ranges children);
  std::vector<model::Fact> returned(model::GrantId id, model::Ranges children);
  std::vector<model::Fact> ended(model::GrantId id, const model::Ranges& children,
                                 const model::AttemptEnd& end = {});

 private:
  std::vector<scheduler::GrantView> views_;
};

inline Instant at(std::chrono::seconds time) { return Instant{time}; }
model::AttemptEnd end_of(model::EndKind kind, std::int32_t code, std::string reason = {});

}  // namespace mpibatch::testing
