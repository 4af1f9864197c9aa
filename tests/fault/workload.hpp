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

enum class Deed : std::uint8_t {
  Succeed,
  Fail,
  GiveUp,
  Crash,
  Hang,
  NoStart,
  OutOfMemory,
  Wait,  // of a gang's other members: until they are stopped
};

// How one attempt goes if it is left alone.
struct Outcome {
  Deed deed = Deed::Succeed;
  Duration length{0};
  bool prints = false;
  bool heeds_term = true;
};
// Beyond this many hosts lost under it in one epoch a child is given up (scheduler/limits.hpp).
inline constexpr unsigned kLossesMax = 3;
inline constexpr std::int32_t kGiveUpCode = 2;  // evaluateOnExit ends the job at this exit code

using Key = std::uint32_t;
using ChildName = std::pair<model::JobId, Key>;

// What a plan may ask for on the cluster that there is.
struct Ground {
  model::Resources largest;         // the first node: what fits nowhere else fits there
  std::vector<std::string> hosts;   // the first node's is the first
  std::vector<std::string> common;  // features of the first node
};

// A dependency in terms of keys: it outlives any reordering.
struct Edge {
  model::DependencyType type = model::DependencyType::All;
  model::JobId job{};
  std::optional<Key> child;            // of All, AfterAny, AfterFailure: this one alone
  std::uint32_t groups = 0;            // of Match
  std::vector<std::uint32_t> awaited;  // … by key
  std::vector<std::uint32_t> waiting;
};

class Workload {
 public:
  Workload(std::uint64_t seed, Random& random, const Ground& ground, bool small);

  std::size_t jobs() const { return specs_.size(); }
  // Without what goes by index: that is in adoption().
  const model::JobSpec& spec(model::JobId job) const { return specs_[model::number_of(job)]; }
  const std::vector<Edge>& edges(model::JobId job) const { return edges_[model::number_of(job)]; }
  const model::PlanRules& rules() const { return rules_; }
  const Key& key(model::JobId job, model::Revision revision, model::ChildIndex child) const;
  const std::vector<Key>& keys(model::JobId job, model::Revision revision) const;
  // Of a gang: how its main member's part goes.
  Outcome outcome(const ChildName& child, unsigned attempt) const;
  // Of a gang's part without the main member.
  Outcome other_part(const model::ExecutionId& execution) const;
  Duration timeout(model::JobId job) const;
  Duration all_work() const;  // of all attempts that may be needed, one after the other
  model::Revision newest() const {
    return model::Revision{static_cast<std::uint32_t>(editions_.size())};
  }

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
  // ---- workload_plan.cpp: what is random in the plan
  void make_rules(Random& random, const Ground& ground);
  void make_job(Random& random, const Ground& ground);
  void make_chain(Random& random);
  void add_policies(Random& random, const Ground& ground, model::JobSpec& spec);
  void add_gang(Random& random, const Ground& ground, model::JobSpec& spec);
  void add_edges(Random& random, const model::JobSpec& spec, std::vector<Edge>& edges);

  void edit(model::Revision revision);
  std::vector<Key> order(std::uint32_t job, std::uint32_t revision) const;
  model::JobSpec spec_of(std::uint32_t job, const std::vector<std::vector<Key>>& keys) const;
  bool may_reorder(model::ChildIndex size) const;

  std::uint64_t seed_;
  Duration longest_{0};
  model::PlanRules rules_;
  std::vector<model::JobSpec> specs_;
  std::vector<std::vector<Edge>> edges_;
  std::vector<Duration> timeouts_;
  std::vector<Edition> editions_;
};

}  // namespace mpibatch::fault
