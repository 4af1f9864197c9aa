// The scheduler's state. Changed by apply.cpp and adopt.cpp alone; kept in step by set_state() and
// the readiness rules. Sizes matter: a plan may have ten million jobs, or children.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <mpibatch/scheduler/scheduler.hpp>

#include "scheduler/child_byte.hpp"
#include "scheduler/edges.hpp"
#include "scheduler/limits.hpp"
#include "scheduler/name_index.hpp"
#include "scheduler/pace.hpp"

namespace mpibatch::scheduler {

using model::ChildIndex;
using model::ChildState;
using model::GrantId;
using model::InstanceId;
using model::JobId;
using model::NodeId;

inline constexpr std::uint32_t kNone = UINT32_MAX;

// What jobs of one kind share. In the spec the fields that are a job's own are blank: name, size,
// depends_on, matches, digest.
struct JobKind {
  model::JobSpec spec;
  std::uint32_t share = kNone;  // index into State::shares, on a fair-share queue
};

struct JobState {
  std::uint64_t digest = 0;
  std::uint64_t first_child = 0;  // in State::children
  ChildIndex size = 1;
  std::uint32_t order = 0;      // position in the plan
  std::uint32_t kind = kNone;   // index into State::kinds
  std::uint32_t extra = kNone;  // index into State::extras; every array has one
  bool in_plan = false;
  bool announced = false;  // derived: its end has reached those who wait for all of it
  bool skips = false;      // derived: an AFTER_FAILURE of it was not needed
  bool per_child = false;  // derived: its children wait for single ones: N_TO_N, MATCH, SEQUENTIAL
  bool feeds_children = false;  // derived: somebody waits for single ones of its children
};

// What only few jobs have, and every array.
struct JobExtra {
  // Why children were cancelled; each has one at the most.
  std::vector<std::pair<std::string, model::RangeSet>> end_reasons;
  std::uint64_t attempts_ended = 0;
  Duration busy{0};                                  // of those attempts
  std::uint64_t unstartable = 0;                     // of those attempts, in a row from the first
  bool proven = false;                               // an attempt of it could be started
  std::string trouble;                               // why its commands cannot be started: holds it
  std::uint64_t forgiven = 0;                        // failed children that a release forgave
  model::RangeSet held;                              // by a user
  std::map<ChildIndex, std::uint8_t> out_of_memory;  // ends for lack of memory
  std::optional<std::uint32_t> priority;             // a user's, over the plan's

  // Derived.
  Counts counts;                 // of an array
  model::RangeSet runnable;      // of an array: what may be granted now, less `boosted`
  std::set<ChildIndex> boosted;  // … that ask for more memory than the job says
};

struct GrantState {
  NodeId node{};
  InstanceId instance;
  JobId job{};
  model::Revision revision{};
  model::Resources each;  // what one of its children asks for; of a gang's part, all of it
  std::uint32_t environment = model::kNoEnvironment;
  Instant since{};              // granted, or started last
  model::RangeSet outstanding;  // as granted
  model::RangeSet started;      // of those
  model::RangeSet cancelled;    // of those: end as Cancelled when they come back or are stopped
  model::RangeSet terminated;   // of those: even if they run
  // Children as granted → as they are called today; absent ones left the plan. Empty optional:
  // unchanged.
  std::optional<std::map<ChildIndex, ChildIndex>> today;
  std::optional<GrantId> gang;  // the main part's grant
  model::Ranges members;        // of the gang
  bool gang_main = false;       // the main member is one of them
  bool exclusive = false;       // nothing else may run on its node

  // Of those outstanding: they take nothing yet. Each may start once the child before it has
  // succeeded, the first of all once `after` has; none: that has, or nobody is before them.
  model::RangeSet promised;
  std::optional<model::ExecutionId> after;

  model::RangeSet wanted;  // of those not started, not saved: asked back for another node's sake
};

// A grant's child that others may come after.
using GrantChild = std::pair<GrantId, ChildIndex>;

// A multi-node parallel job's child that is out. What became of it takes effect when its last part
// is back: never two executions of one child.
struct GangState {
  JobId job{};
  std::optional<ChildIndex> child;  // as it is called today; none: it left the plan
  std::uint32_t parts_left = 0;
  enum class Outcome : std::uint8_t { None, Succeeded, Failed, Again, Lost, Cancelled };
  Outcome outcome = Outcome::None;
  bool started = false;       // its main member
  model::NodeName lost_host;  // of Lost
  bool goes_again() const { return outcome == Outcome::Lost || outcome == Outcome::Again; }
};

struct NodeState {
  model::NodeName name;
  InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::vector<std::string> features;
  bool present = false;
  bool open = true;                   // not saved: whether rank 0 has a link to it is nobody's fact
  model::Resources granted{0, 0, 0};  // derived; a default one asks for a CPU
  std::uint32_t grants = 0;           // derived: how many it has
  std::uint32_t exclusive = 0;        // derived: of those, parts of exclusive gangs
  std::uint64_t promised = 0;         // derived: children whose turn is still to come
  bool touched = false;               // it is in State::touched
};

// Usage of one share of a fair-share queue.
struct ShareState {
  std::uint32_t queue = 0;
  std::string id;
  double weight = 1;  // derived, from the queue's policy
  double used = 0;    // decayed vCPU-seconds up to `upto`
  Instant upto{};
  std::uint64_t vcpus = 0;       // derived: granted now
  std::uint64_t unfinished = 0;  // derived: its children that are not terminal: > 0 is active
};

// A MATCH: children of `waiting` wait for those of `awaited` in the same group.
struct MatchState {
  JobId awaited{};
  JobId waiting{};
  model::MatchGroups groups;
  // Derived.
  std::vector<std::uint32_t> missing;  // of each group: awaited children that are not good yet
  std::vector<std::uint32_t> begins;   // of each group, in `members`; one more at the end
  std::vector<ChildIndex> members;     // children that wait, by group
};

// Jobs that have something to grant, by the order in which they are looked at: queue priority, then
// the queue, then the share, then the job's priority. Within a lane: the plan's order.
struct LaneKey {
  std::int64_t queue_priority = 0;  // negated
  std::uint32_t queue = 0;
  std::uint32_t share = kNone;  // index into State::shares
  std::int64_t priority = 0;    // negated
  auto operator<=>(const LaneKey&) const = default;
};

using ChildKey = std::pair<JobId, ChildIndex>;
using InstanceKey = std::pair<NodeId, InstanceId>;

class Placement;  // decide.cpp's view of the nodes

struct Scheduler::State {
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  model::EpochBegan epoch;        // the newest
  Instant began{};                // the run: its first epoch
  std::uint32_t grants_made = 0;  // in this epoch
  model::Revision revision{};
  model::PlanRules rules;
  std::vector<JobKind> kinds;
  // Derived: for how many whole jobs and single children each job still waits. Apart from the jobs:
  // an end counts down those of all its dependents, anywhere, and here many fit into a cache.
  std::vector<std::uint32_t> gates;
  std::vector<JobState> jobs;
  std::deque<JobExtra> extras;
  std::vector<ChildByte> children;
  NameIndex names;
  Edges edges;
  std::vector<MatchState> matches;
  std::vector<NodeState> nodes;
  std::map<GrantId, GrantState> grants;
  std::map<GrantId, GangState> gangs;  // by the main part's grant
  std::map<InstanceKey, Instant> leases_awaited;
  std::map<ChildKey, model::FailedAttempt> failures;  // the last one of each child that failed
  std::map<ChildKey, unsigned> losses;
  std::set<std::string> requests;
  std::vector<std::uint64_t> spent;  // of each consumable, for ever
  std::vector<ShareState> shares;
  std::uint64_t forgiven = 0;  // failed children that a release of the whole plan forgave
  bool finished = false;

  // Derived.
  std::vector<JobId> by_order;                   // jobs of the plan
  std::map<LaneKey, model::RangeSet> lanes;      // orders of jobs that have something to grant
  std::map<Instant, model::RangeSet> sleeping;   // … but not before
  std::uint64_t enlisted = 0;                    // counts jobs that came into a lane
  std::uint64_t unfinished = 0;                  // children in the plan that are not terminal
  std::uint64_t failed = 0;                      // of those in the plan: Failed
  std::vector<std::uint64_t> environment_vcpus;  // granted through each environment
  std::vector<std::uint64_t> in_use;             // of each consumable, by what is granted
  std::vector<NodeId> touched;                   // nodes whose grants changed since decide() looked
  std::uint64_t nodes_changed = 1;               // counts joins, losses, openings and new rules
  std::set<GrantId> changed_wishes;
  std::map<GrantChild, GrantId> followers;  // grants with `after`, by that
  std::set<GrantId> chains;                 // grants that a chain may go on from: new, or moved on

  // Not saved, not derived: this life's own.
  Instant woken_upto{Instant::min()};  // jobs with a later notBefore sleep
  std::optional<std::map<JobId, model::RangeSet>> only;
  std::optional<std::pair<Instant, Instant>> allocation;
  std::vector<Pace> paces;    // of each kind's single jobs
  bool grants_after = false;  // starters know how to hold work for its turn
  std::unique_ptr<Placement> placement;

  JobState& job(JobId id) { return jobs[model::number_of(id)]; }
  const JobState& job(JobId id) const { return jobs[model::number_of(id)]; }
  const model::JobSpec& kind(const JobState& job) const { return kinds[job.kind].spec; }
  bool array(const JobState& job) const { return kind(job).array; }
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
  // What this job has beyond the common; made where it has nothing yet.
  JobExtra& extra(JobId id);
  const JobExtra* extra_of(const JobState& job) const {
    return job.extra == kNone ? nullptr : &extras[job.extra];
  }
  Counts counts(const JobState& job) const;
  std::uint32_t priority(const JobState& job) const;  // a user's, or the plan's
  // How long single jobs of its kind take; null: it is an array.
  Pace* pace(const JobState& job);
  const Pace* pace(const JobState& job) const;
  // How long an attempt is expected to take; 0: unknown.
  Duration expected(const JobState& job) const;
  // What this child's next attempt asks for.
  model::Resources asks(const JobState& job, ChildIndex index) const;
  Instant earliest(const JobState& job) const;  // notBefore, on the run's clock

  // ---- holds.cpp: what keeps a ready child from being given out
  bool held_by_failures(const JobState& job) const;  // its own, not the plan's
  bool plan_held() const;                            // by the plan's maxFailures
  bool may_start(JobId id, ChildIndex index) const;
  LaneKey lane(const JobState& job) const;
  void enlist(JobId id);                      // it has something to grant
  void delist(JobId id);                      // it has nothing (more)
  void offer(JobId id, ChildIndex index);     // it became Runnable
  void withdraw(JobId id, ChildIndex index);  // it is Runnable no more
  void offer_again(JobId id);                 // a hold of the job, or its end, changed
  void wake(Instant now);                     // sleepers that are due
  std::uint64_t grantable(JobId id) const;    // children that may be granted now

  // ---- readiness.cpp: the only place that changes a child's state
  void set_state(JobId id, ChildIndex index, ChildState to);
  // Changes it and lets everything that waits for it follow.
  void settle(JobId id, ChildIndex index, ChildState to);
  void settle_all(JobId id, const model::Ranges& children, ChildState to);
  void grant_all(JobId id, const model::Ranges& children);  // all of them are Runnable
  // Of a child that was given out and is not any more: Runnable, unless a plan that was adopted
  // since changed what it waits for.
  void wait_again(JobId id, ChildIndex index);
  // Derives everything derived anew from the states that stand for themselves.
  void derive();

  // ---- grants.cpp
  std::optional<ChildIndex> today(const GrantState& grant, ChildIndex as_granted) const;
  void take(const GrantState& grant, std::uint64_t children, Instant at);  // resources
  // Of the consumables that come back: a gang has them until the last of its members is back.
  void gang_takes(const GangState& gang, bool back);
  void free(const GrantState& grant, std::uint64_t children, Instant at);
  // No longer outstanding; `spends`: what they took of consumables that do not come back is gone.
  // The grant is gone with its last child.
  void drop(const GrantId& id, GrantState& grant, const model::Ranges& as_granted, bool spends,
            Instant at);
  void wish(const GrantId& id) { changed_wishes.insert(id); }
  void wish_all(std::optional<JobId> job);  // of all its grants, or of all there are
  void touch(NodeId id);
  void charge(const JobState& job, std::int64_t vcpus, Instant at);  // its share
  double used(const ShareState& share, Instant at) const;            // decayed vCPU-seconds

 private:
  friend struct Deriver;
  using Work = std::vector<std::pair<JobId, ChildIndex>>;
  bool child_ready(JobId id, ChildIndex index) const;
  bool dependency_failed(JobId id, ChildIndex index) const;
  bool job_good(const JobState& job) const;
  bool job_terminal(const JobState& job) const;
  // Out of Waiting, if all that it waits for is met.
  void release(JobId id, ChildIndex index, Work& work);
  void follow(JobId id, ChildIndex index, Work& work);
  void follow_children_of(JobId id, ChildIndex index, Work& work);
  void follow_child(JobId dependent, ChildIndex index, bool good, Work& work);
  void follow_match(MatchState& match, ChildIndex index, bool good, Work& work);
  void follow_gate(JobId dependent, model::DependencyType type, bool good, Work& work);
  void follow_job(JobId id, Work& work);
  void fail_waiting(JobId id, Work& work);
  void release_waiting(JobId id, Work& work);
  void run(Work& work);
};

}  // namespace mpibatch::scheduler
