// The plan of one simulated run and what its attempts do: all of it follows from the seed. A
// child's identity is its key; a new revision of the plan reorders arrays, so that its index
// changes and its key does not.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/plan.hpp>

#include "random.hpp"

namespace mpibatch::fault {

enum class Deed : std::uint8_t { Succeed, Fail, GiveUp, Crash, Hang, NoStart };

// How one attempt goes if it is left alone.
struct Outcome {
  Deed deed = Deed::Succeed;
  Duration length{0};
  bool prints = false;
  bool heeds_term = true;
};
inline constexpr std::int32_t kGiveUpCode = 2;  // evaluateOnExit ends the job at this exit code

using Key = std::uint32_t;
using ChildName = std::pair<model::JobId, Key>;

class Workload {
 public:
  Workload(std::uint64_t seed, Random& random, model::Resources largest_node);

  std::size_t jobs() const { return specs_.size(); }
  const model::JobSpec& spec(model::JobId job) const { return specs_[model::number_of(job)]; }
  const std::vector<model::Queue>& queues() const { return queues_; }
  const Key& key(model::JobId job, model::Revision revision, model::ChildIndex child) const;
  Outcome outcome(const ChildName& child, unsigned attempt) const;
  Duration timeout(model::JobId job) const;
  Duration all_work() const;  // of all attempts that may be needed, one after the other

  // A plan of its own for each revision, from 1; made on demand.
  const model::PlanAdopted& adoption(model::Revision revision);
  const model::PlannedJob& planned(model::Revision revision, model::JobId job) const;

  // What becomes of a child by its own attempts, if its dependencies let it run.
  struct Fate {
    bool succeeds = false;
    unsigned failures = 0;  // attempts that fail
  };
  Fate fate(const ChildName& child) const;

 private:
  struct Edition {
    model::PlanAdopted adoption;
    std::vector<model::PlannedJob> jobs;
    std::vector<std::vector<Key>> keys;  // of each job's children
  };
  void make_job(Random& random, model::Resources largest_node);
  void add_dependencies(Random& random, model::JobSpec& spec);
  void edit(model::Revision revision);
  bool may_reorder(model::ChildIndex size) const;

  std::uint64_t seed_;
  Duration longest_{0};
  std::vector<model::Queue> queues_;
  std::vector<model::JobSpec> specs_;
  std::vector<Duration> timeouts_;
  std::vector<Edition> editions_;
};

}  // namespace mpibatch::fault
