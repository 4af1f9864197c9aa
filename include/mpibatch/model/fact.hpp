// Facts: the journaled changes, and the only way the scheduler's state changes. Their field order
// is the journal's layout (base/layout.hpp); a new kind goes to the end of the variant, a changed
// one is a new kind.
#pragma once

#include <cstdint>
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
  std::vector<Queue> queues;
  std::vector<AdoptedJob> jobs;  // in the plan's order: FIFO order
  bool operator==(const PlanAdopted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& revision& queues& jobs;
  }
};

struct NodeJoined {
  NodeId node{};
  NodeName name;
  InstanceId instance;
  std::string boot_id;
  Resources capacity;
  bool operator==(const NodeJoined&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& name& instance& boot_id& capacity;
  }
};

// This instance is given up: what it was granted and has not ended may be granted again.
struct NodeGone {
  NodeId node{};
  InstanceId instance;
  std::string reason;
  bool operator==(const NodeGone&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& instance& reason;
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

struct Granted {
  GrantId grant;
  NodeId node{};
  InstanceId instance;
  JobId job{};
  Ranges children;
  bool operator==(const Granted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& node& instance& job& children;
  }
};

struct Started {
  GrantId grant;
  Ranges children;
  bool operator==(const Started&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children;
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
  bool operator==(const Ended&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& succeeded& failed& busy;
  }
};

// The node does not have these (any more) and they did not end: they wait again, and no attempt is
// burnt.
struct Returned {
  GrantId grant;
  Ranges children;
  bool operator==(const Returned&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children;
  }
};

// A user's request, applied once: what has not started ends, what is granted is called back first.
struct CancelRequested {
  std::string request;  // uuid
  JobId job{};
  Ranges children;
  std::string reason;
  bool operator==(const CancelRequested&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& request& job& children& reason;
  }
};

// A finished run is run again: what failed, and what failed through it, waits anew with all its
// attempts.
struct FailedReopened {
  bool operator==(const FailedReopened&) const = default;
  template <class Archive>
  void serialize(Archive&, unsigned) {}
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

using Fact = std::variant<EpochBegan, PlanAdopted, NodeJoined, NodeGone, LeaseAwaited, Granted,
                          Started, Ended, Returned, CancelRequested, FailedReopened, RunFinished>;

std::string to_string(const Fact& fact);  // one readable line, for scenarios and `--verbose`

}  // namespace mpibatch::model
