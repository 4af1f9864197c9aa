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
  auto operator<=>(const Resources&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& vcpus& memory_mib;
  }
};

enum class DependencyType : std::uint8_t { All, Sequential, NToN };
constexpr DependencyType last_of(DependencyType) { return DependencyType::NToN; }

// Sequential names its own job.
struct Dependency {
  JobId job{};
  DependencyType type = DependencyType::All;
  auto operator<=>(const Dependency&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& type;
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
  bool operator==(const RetryStrategy&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& attempts& rules;
  }
};

struct Queue {
  std::string name;
  std::uint32_t priority = 1;  // a higher one goes first
  bool operator==(const Queue&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& priority;
  }
};

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
  bool operator==(const JobSpec&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& array& size& queue& resources& depends_on& retry& digest;
  }
};

using Environment = std::vector<std::pair<std::string, std::string>>;

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
  Duration timeout{0};                       // 0: none
  std::vector<std::string> parameter_names;  // of the values that come with each grant, in order
  std::vector<std::pair<std::string, std::string>> parameters;  // the same for all children
  Resources resources;
  bool operator==(const JobTemplate&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& revision& name& queue& definition& array& size& command& task_line& environment&
        working_directory& keep_tmp& timeout& parameter_names& parameters& resources;
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
