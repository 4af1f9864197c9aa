// The vocabulary: what a plan turns into. JobSpec is what the scheduler needs, JobTemplate what a
// starter needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>

namespace mpibatch::model {

struct Resources {
  std::uint32_t vcpus = 1;
  std::uint64_t memory_mib = 0;  // 0: no limit asked for
  std::uint32_t gpus = 0;
  auto operator<=>(const Resources&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& vcpus& memory_mib& gpus;
  }
};

enum class DependencyType : std::uint8_t {
  All,           // all of it succeeded
  Sequential,    // names its own job: child i waits for child i-1
  NToN,          // child i waits for child i
  Match,         // a child waits for every child of its group: equal values of some parameters
  AfterAny,      // all of it ended, however
  AfterFailure,  // all of it ended, and some of it failed; else this job is skipped
};
constexpr DependencyType last_of(DependencyType) { return DependencyType::AfterFailure; }

inline constexpr ChildIndex kAllChildren = UINT32_MAX;
inline constexpr std::uint32_t kNoMatch = UINT32_MAX;

struct Dependency {
  JobId job{};
  DependencyType type = DependencyType::All;
  ChildIndex child = kAllChildren;  // of All, AfterAny and AfterFailure: this child of it alone
  std::uint32_t match = kNoMatch;   // of Match: index into JobSpec::matches
  auto operator<=>(const Dependency&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& type& child& match;
  }
};

inline constexpr std::uint32_t kNoGroup = UINT32_MAX;

// Children of two arrays by the values that a MATCH compares. Groups are numbered from 0 to below
// `groups`; each that a waiting child is in has an awaited child.
struct MatchGroups {
  std::uint32_t groups = 0;
  std::vector<std::uint32_t> awaited;  // of each child that is waited for; kNoGroup: by nobody
  std::vector<std::uint32_t> waiting;  // of each child of the job that waits
  bool operator==(const MatchGroups&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& groups& awaited& waiting;
  }
};

enum class RetryAction : std::uint8_t { Retry, Exit };
constexpr RetryAction last_of(RetryAction) { return RetryAction::Exit; }

// evaluateOnExit: all given conditions must match; a pattern is exact, or a prefix with one
// trailing `*`.
struct RetryRule {
  std::optional<std::string> on_status_reason;
  std::optional<std::string> on_reason;
  std::optional<std::string> on_exit_code;
  RetryAction action = RetryAction::Retry;
  bool operator==(const RetryRule&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& on_status_reason& on_reason& on_exit_code& action;
  }
};

inline constexpr std::uint32_t kAttemptsMax = 10;

struct RetryStrategy {
  std::uint32_t attempts = 1;  // 1 to kAttemptsMax
  std::vector<RetryRule> rules;
  // After each end for lack of memory the next attempt asks for this many times more, at least 1 …
  double memory_multiplier = 1;
  std::uint64_t memory_max_mib = 0;  // … and never for more than this; 0: no bound
  bool operator==(const RetryStrategy&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& attempts& rules& memory_multiplier& memory_max_mib;
  }
};

// A member of a multi-node parallel job is one of its nodes, numbered from 0.
struct GangRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;  // not included
  Resources each;         // of one member
  bool operator==(const GangRange&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& begin& end& each;
  }
};

inline constexpr std::uint32_t kGangNodesMax = 1000;

struct Gang {
  std::uint32_t nodes = 1;        // members
  std::uint32_t main = 0;         // the member whose end is the job's
  std::vector<GangRange> ranges;  // sorted and disjoint; they cover all members
  bool spread = true;             // two members never share a host
  bool exclusive = false;         // nothing else runs on its nodes
  bool operator==(const Gang&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& nodes& main& ranges& spread& exclusive;
  }
};

// What a job takes of a consumable resource for each child that runs.
struct ConsumableUse {
  std::uint32_t consumable = 0;  // index into the plan's
  std::uint64_t quantity = 1;
  auto operator<=>(const ConsumableUse&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& consumable& quantity;
  }
};

struct Consumable {
  std::string name;
  std::uint64_t total = 0;
  bool replenishable = true;  // else what an attempt took stays spent
  bool operator==(const Consumable&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& total& replenishable;
  }
};

// jobStateTimeLimitActions: a job that heads its queue as RUNNABLE for longer, for this reason, is
// cancelled.
struct TimeLimit {
  std::string reason;
  Duration max{0};
  bool operator==(const TimeLimit&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& reason& max;
  }
};

struct FairSharePolicy {
  std::string name;
  Duration decay{0};                                    // shareDecaySeconds; 0: a window of 600 s
  std::uint32_t compute_reservation = 0;                // percent, 0 to 99
  std::vector<std::pair<std::string, double>> weights;  // a trailing `*` stands for any ending
  bool operator==(const FairSharePolicy&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& decay& compute_reservation& weights;
  }
};

// A pool of nodes: those with one of the names (all, if there are none) and all of the features.
struct ComputeEnvironment {
  std::string name;
  bool enabled = true;  // a disabled one takes no new work
  std::uint32_t min_vcpus = 0;
  std::uint32_t max_vcpus = 0;        // 0: no bound
  std::vector<std::string> hosts;     // names, with ranges in brackets: `gpu[1-4,7]`
  std::vector<std::string> features;  // as model/feature.hpp matches them
  bool operator==(const ComputeEnvironment&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& enabled& min_vcpus& max_vcpus& hosts& features;
  }
};

struct Queue {
  std::string name;
  std::uint32_t priority = 1;                    // a higher one goes first
  std::vector<std::uint32_t> environments = {};  // tried in this order; none: all nodes
  std::optional<std::uint32_t> policy = {};      // fair share; none: first in, first out
  std::vector<TimeLimit> time_limits = {};
  bool operator==(const Queue&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& priority& environments& policy& time_limits;
  }
};

// What a plan says beside its jobs.
struct PlanRules {
  std::vector<Queue> queues;  // at least one
  std::vector<ComputeEnvironment> environments;
  std::vector<FairSharePolicy> policies;
  std::vector<Consumable> consumables;
  std::optional<std::uint64_t> max_failures;  // more failed children than this hold what waits
  bool operator==(const PlanRules&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& queues& environments& policies& consumables& max_failures;
  }
};

inline constexpr std::uint32_t kPriorityMax = 9999;

// What the scheduler needs to know of a job.
struct JobSpec {
  std::string name;
  bool array = false;
  ChildIndex size = 1;      // children; 1 for a job that is no array
  std::uint32_t queue = 0;  // index into the plan's queues
  Resources resources;
  std::vector<Dependency> depends_on;
  RetryStrategy retry;
  std::uint64_t digest =
      0;  // of all that an attempt would see: a changed definition has another one
  std::vector<MatchGroups> matches;      // of its MATCH dependencies
  std::uint32_t priority = 0;            // in its queue, or its share: a higher one goes first
  std::string share;                     // shareIdentifier
  std::vector<std::string> constraints;  // features that its node must have
  std::vector<ConsumableUse> consumables;
  std::uint64_t max_concurrent = 0;           // children granted at a time; 0: no bound
  std::optional<std::uint64_t> max_failures;  // more failed children than this hold the others
  Duration not_before{0};                     // after the run's start
  Duration expected{0};                       // mean time of an attempt; 0: unknown
  std::optional<Gang> gang;                   // multi-node parallel; then `resources` is the main's
  bool operator==(const JobSpec&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& array& size& queue& resources& depends_on& retry& digest& matches& priority&
        share& constraints& consumables& max_concurrent& max_failures& not_before& expected& gang;
  }
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// maxLogMiB, where a plan does not say.
inline constexpr std::uint64_t kLogBytesMax = std::uint64_t{1} << 30;

// Where an attempt's output goes instead of into packed segments: paths, from its working directory
// on, in which `Ref::` stands for parameters and for AWS_BATCH_JOB_ID, AWS_BATCH_JOB_ARRAY_INDEX,
// AWS_BATCH_JOB_ATTEMPT and MPIBATCH_JOB_NAME. Empty: packed. The same one for both: joined.
struct LogFiles {
  std::string out;
  std::string error;
  bool operator==(const LogFiles&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& out& error;
  }
};

// What a starter needs to run a job's attempts; sent once to each node. In words, `Ref::{name}` and
// `Ref::name` (which ends at the first character that cannot be in a name: letters, digits, `_`,
// `-`) stand for parameters.
struct JobTemplate {
  JobId job{};
  Revision revision{};
  std::string name;
  std::string queue;
  std::string definition;  // name of the job definition: for log stream names
  bool array = false;
  ChildIndex size = 1;
  std::vector<std::string> command;  // argv; a `script` is {"bash","-euo","pipefail","-c",script}
  // The command is {"Ref::{line}"} and stands for a line of a task list: the starter runs it as
  // model/task_line.hpp says.
  bool task_line = false;
  Environment environment;        // the plan's, over the captured one
  std::string working_directory;  // empty: where `run` was started
  bool keep_tmp = false;
  std::uint64_t log_bytes_max = kLogBytesMax;  // of an attempt's packed output, both streams
  LogFiles log_files;
  Duration timeout{0};                       // 0: none
  std::vector<std::string> parameter_names;  // of the values that come with each grant, in order
  std::vector<std::pair<std::string, std::string>> parameters;  // the same for all children
  Resources resources;
  bool operator==(const JobTemplate&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& revision& name& queue& definition& array& size& command& task_line& environment&
        working_directory& keep_tmp& log_bytes_max& log_files& timeout& parameter_names& parameters&
            resources;
  }
};

// The parameter values of an array's children, and their keys. Row i belongs to child i.
class ParameterTable {
 public:
  virtual ~ParameterTable() = default;
  virtual ChildIndex rows() const = 0;
  virtual const std::vector<std::string>& names() const = 0;
  virtual std::vector<std::string> values(ChildIndex row) const = 0;  // as many as names()
  // Of names and all rows: tables with the same one, not 0, are the same. 0: unknown.
  virtual std::uint64_t digest() const { return 0; }
  // A key of the table's own, before any key template: a task list tells equal lines apart.
  virtual std::optional<std::string> key(ChildIndex) const { return std::nullopt; }
};

}  // namespace mpibatch::model
