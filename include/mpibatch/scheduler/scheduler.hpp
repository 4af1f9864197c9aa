// The pure core. Same facts, same events, same answers: it knows no clock, MPI, thread, file, log
// or random number. One thread uses it. State changes in apply() alone; recovery calls nothing
// else.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/state.hpp>

namespace mpibatch::scheduler {

// ---- what happens to it

struct NodeHello {
  model::NodeName name;
  model::InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::vector<std::string> features = {};  // sorted
};

// Children of a grant that this instance holds or gave back: see the facts of the same names.
struct ChildrenStarted {
  model::NodeId node{};
  model::InstanceId instance;
  model::GrantId grant;
  model::Ranges children;
};
struct ChildrenReturned {
  model::NodeId node{};
  model::InstanceId instance;
  model::GrantId grant;
  model::Ranges children;
};
struct AttemptsEnded {
  model::NodeId node{};
  model::InstanceId instance;
  struct One {
    model::ExecutionId execution;
    model::AttemptEnd end;
  };
  std::vector<One> ends;
};
// One of the four rules of re-granting holds for this instance, and its segment was read to its
// end.
struct InstanceGone {
  model::NodeId node{};
  model::InstanceId instance;
  std::string reason;
};
struct CancelJob {
  std::string request;
  model::JobId job{};
  model::Ranges children;
  std::string reason;
  bool terminate = false;  // what runs, too
};
struct HoldJob {
  std::string request;
  std::optional<model::JobId> job;  // none: all
  model::Ranges children;           // of no job: ignored
  bool hold = true;                 // else: release
};
struct RetryJob {
  std::string request;
  model::JobId job{};
  model::Ranges children;
  bool include_succeeded = false;
  bool dependents = false;
};
struct SetPriority {
  std::string request;
  model::JobId job{};
  std::uint32_t priority = 0;
};
using Event = std::variant<NodeHello, ChildrenStarted, ChildrenReturned, AttemptsEnded,
                           InstanceGone, CancelJob, HoldJob, RetryJob, SetPriority>;

// ---- what can be asked

struct Counts {
  std::array<std::uint64_t, model::kChildStates> of{};
  std::uint64_t operator[](model::ChildState state) const {
    return of[static_cast<std::size_t>(state)];
  }
  std::uint64_t total() const;
  std::uint64_t terminal() const;
  std::uint64_t good() const;  // succeeded or skipped
  bool operator==(const Counts&) const = default;
};

struct GrantView {
  model::GrantId id;
  model::NodeId node{};
  model::InstanceId instance;
  model::JobId job{};
  model::Revision revision{};
  model::Ranges children;  // as granted, not ended or returned
  model::Ranges started;   // of those
  model::Resources each;
  std::uint32_t environment = model::kNoEnvironment;
  std::optional<model::GrantId> gang;  // the main part of the gang that this is a part of
  model::Ranges members;               // of the gang, on this node
  model::Ranges promised;              // of the children: their turn is still to come
};

struct NodeView {
  model::NodeId id{};
  model::NodeName name;
  model::InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::vector<std::string> features;
  bool present = false;                // joined and not gone
  model::Resources granted;            // what its grants ask for
  std::optional<Instant> lease_until;  // waited for since LeaseAwaited
};

class Scheduler {
 public:
  struct State;  // known to this module alone

  Scheduler();
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;

  // The facts that this event makes true; none if it is stale or illegal. Does not apply them.
  std::vector<model::Fact> on(const Event& event, Instant now) const;

  // A fact that cannot be true here is Damaged: a journal of another run, or a defect. Nothing has
  // changed then.
  Result<void> apply(const model::Fact& fact);

  // What to do next: grants, and the run's end. Has applied what it returns, since each grant
  // depends on the one before.
  std::vector<model::Fact> decide(Instant now);

  // Whether node may be given new work (a node that has joined may, until told otherwise).
  void set_open(model::NodeId node, bool open);
  // Whether work may go to nodes before its turn, behind what it waits for: starters know how. Not
  // part of the saved state; false until it is said.
  void set_grants_after(bool known);
  // When the nodes are taken from us: what is not expected to end by then does not start, and what
  // is expected to take longer than from `begin` to `end` fails. Not part of the saved state.
  void set_allocation(Instant begin, Instant end);
  // Only these are given out, and what they wait for (a rehearsal). Not part of the saved state.
  void restrict_to(model::JobId job, const model::Ranges& children);
  // All that restrict_to() lets through is terminal; false if it was never called.
  bool restriction_done() const;

  // ---- questions
  const model::EpochBegan& epoch() const;  // the newest; number 0: none yet
  model::Revision revision() const;
  std::size_t job_count() const;  // ids are below it; jobs that left the plan included
  bool in_plan(model::JobId job) const;
  model::JobSpec spec(model::JobId job) const;  // put together from parts: not for loops
  std::string_view name(model::JobId job) const;
  model::ChildIndex size(model::JobId job) const;
  bool array(model::JobId job) const;
  model::ChildState state(model::JobId job, model::ChildIndex child) const;
  unsigned attempts_failed(model::JobId job, model::ChildIndex child) const;
  Counts counts(model::JobId job) const;
  Counts counts() const;  // of the jobs in the plan
  model::JobStatus status(
      model::JobId job) const;  // a parent: SUBMITTED, PENDING, FAILED, SUCCEEDED
  std::string status_reason(model::JobId job) const;  // empty where there is none
  std::string status_reason(model::JobId job, model::ChildIndex child) const;
  std::optional<model::JobId> find(const std::string& name) const;
  const model::PlanRules& rules() const;
  std::vector<NodeView> nodes() const;
  std::optional<NodeView> node(model::NodeId id) const;
  std::optional<NodeView> node(const model::NodeName& name) const;
  std::vector<GrantView> grants() const;
  std::vector<GrantView> grants_of(model::NodeId node, model::InstanceId instance) const;
  std::optional<GrantView> grant(model::GrantId id) const;
  // Until when this instance's lease may still hold, if that is waited for.
  std::optional<Instant> lease_awaited(model::NodeId node, model::InstanceId instance) const;
  // The execution this is about, in today's indices; none if it is not outstanding.
  std::optional<model::ChildIndex> outstanding(model::GrantId grant,
                                               model::ChildIndex child_as_granted) const;
  // Children that are to come back unstarted, as granted: cancelled, held, or wanted elsewhere.
  model::Ranges to_recall(model::GrantId grant) const;
  // Children that are to be ended, as granted: terminated, or members of a gang that is over.
  model::Ranges to_stop(model::GrantId grant) const;
  // Grants of which to_recall() or to_stop() may have grown since this was asked last.
  std::vector<model::GrantId> take_changed_wishes();
  // When decide() may find more to do though nothing happens before; none: never.
  std::optional<Instant> next_time() const;
  // Why this waits, what is short and by how much; where it does not wait, its state. Lines for the
  // user. No child: the whole job.
  std::vector<std::string> explain(model::JobId job, std::optional<model::ChildIndex> child,
                                   Instant now) const;
  // Held by a user or by failures: one line a job, and one for the plan.
  std::vector<std::string> held() const;
  // Failures hold work that waits: an array's, or the plan's.
  bool held_by_failures() const;
  // Nothing is out, and all that waits is held, or waits for what is: stuck() has no word for it.
  bool all_held() const;
  bool request_known(const std::string& request) const;
  bool finished() const;  // RunFinished holds
  bool everything_terminal() const;
  // Why nothing can go on although nothing runs: one line a job; empty where something can.
  std::vector<std::string> stuck() const;
  // Jobs that fit on none of the present nodes: one line each.
  std::vector<std::string> unsatisfiable() const;
  // The last failure of a child; none where it never failed.
  std::optional<model::FailedAttempt> last_failure(model::JobId job, model::ChildIndex child) const;

  // Exact state as bytes, for snapshots (explicit layout, versioned), and back.
  std::string save() const;
  static Result<Scheduler> load(const std::string& bytes);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace mpibatch::scheduler
