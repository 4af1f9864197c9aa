// What really happened, seen from outside: which processes live, which children have succeeded,
// what is safe on a disk. Throws Violation where that must not be.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/scheduler/scheduler.hpp>

#include "trace.hpp"
#include "workload.hpp"

namespace mpibatch::fault {

class Truth {
 public:
  Truth(const Workload& workload, Trace& trace) : workload_(workload), trace_(trace) {}

  // A rank 0 decided this at that revision of the plan; it may never be committed.
  void decided(const model::Fact& fact, model::Revision revision);
  ChildName child_of(const model::ExecutionId& execution) const;
  // Of a gang: whether this is the part with the main member. Of anything else: true.
  bool is_main(const model::GrantId& grant) const { return grants_.at(grant).main == grant; }

  void process_started(const model::ExecutionId& execution, unsigned attempt,
                       const std::vector<std::string>& values, const std::string& starter);
  // Its process is gone; `deed` if it ended by itself, else it was killed.
  void process_over(const model::ExecutionId& execution, std::optional<Deed> deed);
  std::size_t processes() const { return running_.size(); }

  // Safe in the journal, as a rank 0 that still was the owner found after its sync, or as a later
  // one folded it.
  void committed(const model::Fact& fact);
  // It is to be done again: a user said so, and that is safe in the journal.
  void reopened(const ChildName& child);
  // Safe in a segment of a starter that was alive then.
  void synced(const model::ExecutionId& execution, const model::AttemptEnd& end);

  // The run is over: `core` is the journal's fold.
  void check_end(const scheduler::Scheduler& core) const;

 private:
  struct Running {
    ChildName child;
    std::string starter;
  };
  struct GrantOf {
    model::JobId job{};
    model::Revision revision{};
    model::GrantId main;  // of a gang; else this one
    bool committed = false;
    std::optional<model::ExecutionId> after = {};  // its first child's turn
    model::ChildIndex first = 0;
  };
  void add(const model::GrantId& id, GrantOf grant);
  void check_twins(const ChildName& child, const model::ExecutionId& execution,
                   const std::string& starter) const;
  void check_turn(const ChildName& child, const model::ExecutionId& execution) const;
  void check_child(const scheduler::Scheduler& core, model::JobId job,
                   model::ChildIndex index) const;
  std::string name(const ChildName& child) const;

  const Workload& workload_;
  Trace& trace_;
  std::map<model::GrantId, GrantOf> grants_;
  std::map<model::ExecutionId, Running> running_;
  std::set<model::ExecutionId> executed_;
  std::map<ChildName, unsigned> executions_;
  std::map<ChildName, std::set<unsigned>> failed_;  // attempts that failed by themselves
  std::map<model::ExecutionId, unsigned> attempt_of_;
  std::set<ChildName> succeeded_;
  std::set<model::ExecutionId> succeeded_there_;
  std::set<ChildName> safe_;           // successes in the journal or in a synced segment
  std::set<model::ExecutionId> past_;  // of children that were to be done again since
  std::set<model::JobId> cancelled_;
};

}  // namespace mpibatch::fault
