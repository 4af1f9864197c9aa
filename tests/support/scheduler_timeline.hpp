// Runs a plan in virtual time: every attempt takes exactly as long as it is said to, and starts
// when it is granted (no backlog: use whole seconds).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/scheduler_driver.hpp"

namespace mpibatch::testing {

struct Timeline : SchedulerDriver {
  struct Run {
    Instant start{};
    Instant end{};
    std::vector<model::NodeId> nodes;
  };
  using Key = std::pair<model::JobId, model::ChildIndex>;
  std::function<Duration(model::JobId, model::ChildIndex)> takes =
      [this](model::JobId job, model::ChildIndex) { return adopted.jobs.at(job).spec.expected; };
  Instant now{};
  std::map<Key, Run> runs;
  std::vector<model::Fact> made;  // by the last decision

  Timeline();
  explicit Timeline(PlanBuilder plan);
  ~Timeline();

  void step();

  // The next moment at which something happens; false: never.
  bool advance();

  void run();

  Instant start(const std::string& name, model::ChildIndex child = 0) const;
  Instant makespan() const;
  bool over_capacity() const;

 private:
  struct Ending {
    model::ExecutionId execution;
    model::NodeId node{};
    model::InstanceId instance;
  };
  void begin(model::JobId job, model::ChildIndex child, model::GrantId grant,
             std::vector<model::NodeId> nodes, model::InstanceId instance);
  void tell(const scheduler::Event& event);
  std::multimap<Instant, Ending> ending_;
  std::map<model::GrantId, std::vector<model::GangPart>> other_parts_;
};

}  // namespace mpibatch::testing
