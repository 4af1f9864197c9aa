// Facts: the journaled changes, and the only way the scheduler's state changes. Their field order
// is the journal's layout (base/layout.hpp); a new kind goes to the end of the variant, a changed
// one is a new kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/model/ranges.hpp>

namespace mpibatch::model {

// A life of rank 0 began: first fact of each journal segment.
struct EpochBegan {
  Epoch epoch{};
  std::string host;
  std::string boot_id;
  Duration boot_time{
      0};  // CLOCK_BOOTTIME at `now`: with the same boot id, waits count on across epochs
  Instant now{};
  bool operator==(const EpochBegan&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& host& boot_id& boot_time& now;
  }
};

// Old children [from, from+count) are the new children [to, to+count): the same keys.
struct Move {
  ChildIndex from = 0;
  ChildIndex to = 0;
  ChildIndex count = 0;
  auto operator<=>(const Move&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& from& to& count;
  }
};

struct AdoptedJob {
  JobId id{};              // as in the revision before where the name is known there, else new
  JobSpec spec;            // depends_on[].job are run-wide ids
  std::vector<Move> kept;  // children whose state is taken over; all others start as new
  bool operator==(const AdoptedJob&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& spec& kept;
  }
};

// A plan became the run's plan. Jobs that are not listed are no longer part of it.
struct PlanAdopted {
  Revision revision{};
  PlanRules rules;
  std::vector<AdoptedJob> jobs;  // in the plan's order: FIFO order
  bool operator==(const PlanAdopted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& revision& rules& jobs;
  }
};

struct NodeJoined {
  NodeId node{};
  NodeName name;
  InstanceId instance;
  std::string boot_id;
  Resources capacity;
  std::vector<std::string> features = {};  // sorted
  bool operator==(const NodeJoined&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& name& instance& boot_id& capacity& features;
  }
};

// This instance is given up: what it was granted and has not ended may be granted again.
struct NodeGone {
  NodeId node{};
  InstanceId instance;
  std::string reason;
  Instant at{};
  bool operator==(const NodeGone&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& instance& reason& at;
  }
};

// No word from this instance: after `until` its lease has lapsed for certain.
struct LeaseAwaited {
  NodeId node{};
  InstanceId instance;
  Instant until{};
  bool operator==(const LeaseAwaited&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& instance& until;
  }
};

inline constexpr std::uint32_t kNoEnvironment = UINT32_MAX;

struct Granted {
  GrantId grant;
  NodeId node{};
  InstanceId instance;
  JobId job{};
  Ranges children;
  Resources each = {};                         // what one of them asks for
  std::uint32_t environment = kNoEnvironment;  // of the plan's, through which it goes
  Instant at{};
  bool operator==(const Granted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& node& instance& job& children& each& environment& at;
  }
};

// The members of a gang that one node runs, as a grant of its own.
struct GangPart {
  GrantId grant;
  NodeId node{};
  InstanceId instance;
  std::uint32_t environment = kNoEnvironment;
  Ranges members;  // the main one is in the first part
  Resources all;   // what they ask for together; of an exclusive gang, the whole node
  bool operator==(const GangPart&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& node& instance& environment& members& all;
  }
};

// A child of a multi-node parallel job, on all of its nodes or on none.
struct GangGranted {
  JobId job{};
  ChildIndex child = 0;
  std::vector<GangPart> parts;
  Instant at{};
  bool operator==(const GangGranted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& child& parts& at;
  }
};

struct Started {
  GrantId grant;
  Ranges children;
  Instant at{};
  bool operator==(const Started&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children& at;
  }
};

enum class Verdict : std::uint8_t { Failed, Retried };
constexpr Verdict last_of(Verdict) { return Verdict::Retried; }

struct FailedAttempt {
  ChildIndex child = 0;
  Verdict verdict = Verdict::Failed;
  EndKind kind = EndKind::Exited;
  std::int32_t code = 0;
  std::string reason;
  bool operator==(const FailedAttempt&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& child& verdict& kind& code& reason;
  }
};

// Attempts of a grant ended: ranges that succeeded, the others one by one.
struct Ended {
  GrantId grant;
  Ranges succeeded;
  std::vector<FailedAttempt> failed;
  Duration busy{0};  // wall time of all of them together: what the job's children take
  Instant at{};
  bool operator==(const Ended&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& succeeded& failed& busy& at;
  }
};

// The node does not have these (any more) and they did not end: they wait again, and no attempt is
// burnt.
struct Returned {
  GrantId grant;
  Ranges children;
  Instant at{};
  bool operator==(const Returned&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children& at;
  }
};

// A user's request, applied once: what has not started ends, what is granted is called back first,
// and what runs is ended as well if `terminate`.
struct CancelRequested {
  std::string request;  // uuid
  JobId job{};
  Ranges children;
  std::string reason;
  bool terminate = false;
  bool operator==(const CancelRequested&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& job& children& reason& terminate;
  }
};

// A user's request: nothing of it starts until it is released. A release also forgives the
// failures that hold it. No job: the whole plan.
struct HoldRequested {
  std::string request;
  std::optional<JobId> job;
  Ranges children;
  bool hold = true;  // else: release
  bool operator==(const HoldRequested&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& job& children& hold;
  }
};

// A user's request: what failed there, and what failed through it, waits anew with all its
// attempts.
struct RetryRequested {
  std::string request;
  JobId job{};
  Ranges children;
  bool include_succeeded = false;  // good work is done again, too
  bool dependents = false;         // … with all that depends on it
  bool operator==(const RetryRequested&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& job& children& include_succeeded& dependents;
  }
};

// A user's request: the job's place among the others of its queue, or share.
struct PriorityRequested {
  std::string request;
  JobId job{};
  std::uint32_t priority = 0;
  bool operator==(const PriorityRequested&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& job& priority;
  }
};

// Children that wait will never run: a rule of their queue cancels them, or no allocation is long
// enough (then they FAIL).
struct WaitEnded {
  JobId job{};
  Ranges children;
  bool cancelled = true;
  std::string reason;
  bool operator==(const WaitEnded&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& children& cancelled& reason;
  }
};

// A finished run is run again: what failed, and what failed through it, waits anew with all its
// attempts.
struct FailedReopened {
  bool operator==(const FailedReopened&) const = default;
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

// Work for the very node that has what it waits for: each child after the one before it, the first
// one after `after`, an execution that this instance holds. It takes nothing of the node before its
// turn, which comes when that has succeeded; ends that any other way, all of it waits anew.
struct GrantedAfter {
  Granted granted;  // children: one range
  ExecutionId after;
  bool operator==(const GrantedAfter&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& granted& after;
  }
};

// Everything that the plan holds is terminal; `failed`: some job failed.
struct RunFinished {
  bool failed = false;
  bool operator==(const RunFinished&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& failed;
  }
};

using Fact =
    std::variant<EpochBegan, PlanAdopted, NodeJoined, NodeGone, LeaseAwaited, Granted, Started,
                 Ended, Returned, CancelRequested, FailedReopened, RunFinished, GangGranted,
                 HoldRequested, RetryRequested, PriorityRequested, WaitEnded, GrantedAfter>;

std::string to_string(const Fact& fact);  // one readable line, for scenarios and `--verbose`

}  // namespace mpibatch::model
