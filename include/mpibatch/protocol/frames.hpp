// What rank 0 and starters say to each other. Down: rank 0 to a starter. Up: a starter to rank 0.
// Every message names epoch and instance: a starter obeys only the highest epoch it has seen, rank
// 0 only its own, and both drop what names another instance (0: not known yet, legal for Attach
// alone).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/model/ranges.hpp>

namespace mpibatch::protocol {

using model::ChildIndex;
using model::GrantId;
using model::Ranges;

struct Limit {
  std::int32_t resource = 0;  // RLIMIT_…
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const Limit&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& resource& soft& hard;
  }
};

// The submitting shell, as `mpibatch run` found it; used for attempts on every node.
struct Surroundings {
  model::Environment environment;  // less what an MPI launcher leaks
  std::string working_directory;
  std::uint32_t umask = 0022;
  std::vector<Limit> limits;
  bool operator==(const Surroundings&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& environment& working_directory& umask& limits;
  }
};

// ---- down

// First message on every link. The starter answers Hello, or Refused.
struct Attach {
  std::string run;           // the run's id: 32 hexadecimal digits
  std::string state_folder;  // absolute; the same path on every node
  std::string nonce;         // content of <state_folder>/nonce: proves that the folder is shared
  Duration lease{0};
  Duration grace{0};  // between SIGTERM and SIGKILL at a timeout
  Surroundings surroundings;
  std::uint32_t number = 0;  // of this link's Attaches; a relay may repeat the last one
  bool operator==(const Attach&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& state_folder& nonce& lease& grace& surroundings& number;
  }
};

// Sent to a node before its first grant of the job at that revision.
struct Templates {
  std::vector<model::JobTemplate> jobs;
  bool operator==(const Templates&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& jobs;
  }
};

// What a grant of a multi-node parallel job says of this node's part in it.
struct GangRole {
  GrantId main;             // the part with the main member; this one, if it is its own
  Ranges members;           // of this node
  std::uint32_t nodes = 0;  // members in all
  std::uint32_t main_member = 0;
  std::string main_host;
  bool operator==(const GangRole&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& main& members& nodes& main_member& main_host;
  }
};

struct Grant {
  GrantId id;
  model::JobId job{};
  model::Revision revision{};
  Ranges children;
  std::vector<std::vector<std::string>>
      values;  // a child each, in order; empty if the job has no parameter table
  std::vector<std::uint8_t> attempts;  // AWS_BATCH_JOB_ATTEMPT of each child; empty: all 1
  model::Resources each;               // what one of them takes; may be more than the template's
  std::string environment;             // AWS_BATCH_CE_NAME; empty: none
  std::optional<GangRole> gang;
  // An execution that the starter holds. The first child may start once that has succeeded, each
  // other one once the one before it has. Where one of them ends any other way or is given back, or
  // the starter does not know it, it gives back those that were to come after it.
  std::optional<model::ExecutionId> after = {};
  bool operator==(const Grant&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& job& revision& children& values& attempts& each& environment& gang& after;
  }
};

// Give back what has not started. The starter answers Returned with what it gave back; what runs
// goes on.
struct Recall {
  GrantId grant;
  Ranges children;
  bool operator==(const Recall&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children;
  }
};

// End these, which run (SIGTERM, `grace`, SIGKILL) and report them as Stopped; give back those that
// have not started.
struct Stop {
  GrantId grant;
  Ranges children;
  Duration grace{0};
  bool operator==(const Stop&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children& grace;
  }
};

// The run is interrupted: give back what has not started, end what runs (SIGTERM, `grace`, SIGKILL;
// 0: SIGKILL now) and report it as Stopped.
struct StopAll {
  Duration grace{0};
  bool operator==(const StopAll&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grace;
  }
};

// Answers RenewRequest: the lease runs from that request's stamp.
struct Renewed {
  Duration stamp{0};
  bool operator==(const Renewed&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& stamp;
  }
};

// Ends up to this number are committed: the starter may forget them.
struct Acknowledged {
  std::uint64_t upto = 0;
  bool operator==(const Acknowledged&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& upto;
  }
};

// Regular end: kill what runs, leave at once.
struct Leave {
  // All that the starter was ever given is settled in the journal. Else the next starter of this
  // node has to answer for it, and this one leaves what that takes.
  bool settled = false;
  bool operator==(const Leave&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& settled;
  }
};

using DownFrame =
    std::variant<Attach, Templates, Grant, Recall, StopAll, Renewed, Acknowledged, Leave, Stop>;

// ---- up

// What a starter holds of a grant: not ended, or ended and not acknowledged.
struct Holding {
  GrantId grant;
  Ranges children;  // all of them
  Ranges started;   // those of them that run or have ended
  bool operator==(const Holding&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children& started;
  }
};

// Answers Attach, before anything else of this epoch; every end that is not acknowledged follows
// it.
struct Hello {
  model::NodeName name;
  model::InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::string placement;  // what the allocation grants, in words, for messages: "2 CPUs (0-1) of
                          // cgroup /x, …"
  model::Predecessor predecessor = model::Predecessor::CannotTell;
  std::vector<Holding> inventory;
  std::uint32_t answers = 0;          // Attach::number
  std::vector<std::string> features;  // sorted: model/feature.hpp
  bool operator==(const Hello&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& instance& boot_id& capacity& placement& predecessor& inventory& answers&
        features;
  }
};

// The starter will not work for this run here: what, where, what to do. It leaves, or keeps to its
// older run.
struct Refused {
  std::string reason;
  bool operator==(const Refused&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& reason;
  }
};

struct Started {
  std::vector<std::pair<GrantId, Ranges>> children;
  bool operator==(const Started&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& children;
  }
};

struct EndNotice {
  std::uint64_t number = 0;  // counts this instance's ends from 1
  model::ExecutionId execution;
  model::AttemptEnd end;
  bool operator==(const EndNotice&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number& execution& end;
  }
};

struct Ends {
  std::vector<EndNotice> ends;
  bool operator==(const Ends&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& ends;
  }
};

// Given back unstarted; the starter will never start them.
struct Returned {
  GrantId grant;
  Ranges children;
  bool operator==(const Returned&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& children;
  }
};

// `stamp`: the starter's own CLOCK_BOOTTIME as it asks.
struct RenewRequest {
  Duration stamp{0};
  bool operator==(const RenewRequest&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& stamp;
  }
};

// Something the user must know: the segment cannot be written, CPUs are shared with another run.
struct Trouble {
  bool fatal = false;  // the starter starts nothing more
  std::string message;
  bool harmless = false;  // nothing is wrong: it may only surprise
  bool operator==(const Trouble&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& fatal& message& harmless;
  }
};

using UpFrame = std::variant<Hello, Refused, Started, Ends, Returned, RenewRequest, Trouble>;

// ---- a batch: one message of the transport

struct DownMessage {
  model::Epoch epoch{};
  model::InstanceId instance;
  std::vector<DownFrame> frames;
  bool operator==(const DownMessage&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& instance& frames;
  }
};

struct UpMessage {
  model::Epoch epoch{};
  model::InstanceId instance;
  std::vector<UpFrame> frames;
  bool operator==(const UpMessage&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& instance& frames;
  }
};

}  // namespace mpibatch::protocol
