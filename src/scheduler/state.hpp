// The scheduler's state. Changed by apply.cpp alone; kept in step by set_state() and the readiness
// rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <mpibatch/scheduler/scheduler.hpp>

namespace mpibatch::scheduler {

using model::ChildIndex;
using model::ChildState;
using model::GrantId;
using model::InstanceId;
using model::JobId;
using model::NodeId;

// A child may be lost with its host this often in one epoch before it counts as the cause.
inline constexpr unsigned kHostLossesMax = 3;
// Work goes ahead to a node as far as it is expected to start within this time …
inline constexpr Duration kBacklogWindow = std::chrono::milliseconds(250);
// … and never more than this many times the node's slots.
inline constexpr std::uint32_t kBacklogSlotsMax = 2;

// One byte a child: 3 bits of state, 4 bits of failed attempts.
class ChildByte {
 public:
  ChildState state() const { return static_cast<ChildState>(bits_ & 7U); }
  unsigned attempts_failed() const { return bits_ >> 3U; }
  void set(ChildState state) {
    bits_ = static_cast<std::uint8_t>((bits_ & ~7U) | static_cast<unsigned>(state));
  }
  void set_attempts_failed(unsigned count) {
    bits_ = static_cast<std::uint8_t>((bits_ & 7U) | (count << 3U));
  }
  std::uint8_t bits() const { return bits_; }
  static ChildByte from_bits(std::uint8_t bits) {
    ChildByte child;
    child.bits_ = bits;
    return child;
  }

 private:
  std::uint8_t bits_ = 0;
};

struct Dependent {
  JobId job{};
  model::DependencyType type = model::DependencyType::All;
};

struct JobState {
  model::JobSpec spec;
  bool in_plan = false;
  std::uint32_t order = 0;        // position in the plan
  std::uint64_t first_child = 0;  // in State::children
  std::string cancel_reason;
  std::uint64_t attempts_ended = 0;
  Duration busy{0};  // of those attempts

  // Derived from the children's states.
  Counts counts;
  std::uint32_t gates = 0;  // whole jobs it still waits for
  model::RangeSet runnable;
  std::vector<Dependent> dependents;
  bool announced = false;  // its end has reached those who wait for all of it

  bool per_child_dependencies() const {
    for (const model::Dependency& dependency : spec.depends_on)
      if (dependency.type != model::DependencyType::All) return true;
    return false;
  }
};

struct GrantState {
  NodeId node{};
  InstanceId instance;
  JobId job{};
  model::Revision revision{};
  model::Resources each;        // what one of its children asks for
  model::RangeSet outstanding;  // as granted
  model::RangeSet started;      // of those
  model::RangeSet recall;       // of those: a cancel waits for their return
  // Children as granted → as they are called today; absent ones left the plan. Empty optional:
  // unchanged.
  std::optional<std::map<ChildIndex, ChildIndex>> today;
};

struct NodeState {
  model::NodeName name;
  InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  bool present = false;
  bool open = true;                // not saved: whether rank 0 has a link to it is nobody's fact
  model::Resources granted{0, 0};  // derived; a default one asks for a CPU
};

using ChildKey = std::pair<JobId, ChildIndex>;
using InstanceKey = std::pair<NodeId, InstanceId>;
using ReadyKey = std::tuple<std::int64_t, std::uint32_t, JobId>;  // -priority, order in the plan

struct Scheduler::State {
  model::EpochBegan epoch;        // the newest
  std::uint32_t grants_made = 0;  // in this epoch
  model::Revision revision{};
  std::vector<model::Queue> queues;
  std::vector<JobState> jobs;
  std::vector<ChildByte> children;
  std::map<std::string, JobId> by_name;  // of the jobs in the plan
  std::vector<NodeState> nodes;
  std::map<GrantId, GrantState> grants;
  std::map<InstanceKey, Instant> leases_awaited;
  std::map<ChildKey, model::FailedAttempt> failures;  // the last one of each child that failed
  std::map<ChildKey, unsigned> losses;
  std::set<std::string> requests;
  bool finished = false;

  // Derived.
  std::set<ReadyKey> ready;      // jobs with a runnable child
  std::uint64_t unfinished = 0;  // children in the plan that are not terminal

  JobState& job(JobId id) { return jobs[model::number_of(id)]; }
  const JobState& job(JobId id) const { return jobs[model::number_of(id)]; }
  bool known(JobId id) const { return model::number_of(id) < jobs.size(); }
  bool known(NodeId id) const { return model::number_of(id) < nodes.size(); }
  NodeState& node(NodeId id) { return nodes[model::number_of(id)]; }
  const NodeState& node(NodeId id) const { return nodes[model::number_of(id)]; }
  ChildByte& child(const JobState& job, ChildIndex index) {
    return children[job.first_child + index];
  }
  ChildByte child(const JobState& job, ChildIndex index) const {
    return children[job.first_child + index];
  }

  // ---- readiness.cpp: the only place that changes a child's state
  void set_state(JobId id, ChildIndex index, ChildState to);
  // Changes it and lets everything that waits for it follow.
  void settle(JobId id, ChildIndex index, ChildState to);
  // Of a child that was given out and is not any more: Runnable, unless a plan that was adopted
  // since changed what it waits for.
  void wait_again(JobId id, ChildIndex index);
  // Derives counts, gates, runnable sets and dependency failures anew from the states that stand
  // for themselves.
  void derive();

  // ---- translation
  std::optional<ChildIndex> today(const GrantState& grant, ChildIndex as_granted) const;
  void drop(const GrantId& id, GrantState& grant, ChildIndex as_granted);  // no longer outstanding

 private:
  using Work = std::vector<std::pair<JobId, ChildIndex>>;
  bool child_ready(const JobState& job, ChildIndex index) const;
  bool dependency_failed(const JobState& job, ChildIndex index) const;
  bool job_failed(const JobState& job) const;
  bool job_terminal(const JobState& job) const;
  void follow(JobId id, ChildIndex index, Work& work);
  void follow_children_of(JobId id, ChildIndex index, Work& work);
  void follow_child(JobId dependent, ChildIndex index, bool succeeded, Work& work);
  void follow_job(JobId id, Work& work);
  void fail_waiting(JobId id, Work& work);
  void release_waiting(JobId id);
  void derive_failures(JobId id);
  void run(Work& work);
};

}  // namespace mpibatch::scheduler
