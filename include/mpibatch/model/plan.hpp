// A validated plan: every name resolved, every reference checked. Owns its parameter tables.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

namespace mpibatch::model {

// How long an attempt takes, in seconds: what `expectedSeconds` says.
struct Expectation {
  enum class Kind : std::uint8_t { Unknown, Fixed, Uniform, Normal, Lognormal, Exponential };
  Kind kind = Kind::Unknown;
  double a = 0;  // Fixed: seconds; Uniform: least; Normal: mean; Lognormal: mu; Exponential: mean
  double b = 0;  // Uniform: most; Normal: deviation; Lognormal: sigma
  Duration mean() const;  // 0: unknown
  bool operator==(const Expectation&) const = default;
};

struct PlannedJob {
  JobSpec spec;           // depends_on[].job counts jobs of this plan in order, from 0
  JobTemplate execution;  // job is set by who adopts the plan
  std::shared_ptr<const ParameterTable> parameters;  // null: none
  std::string
      key_template;  // empty: the index, or `name=value,…` of a grid; a task list's: its line
  Expectation expected;
};

struct Plan {
  PlanRules rules;
  std::vector<PlannedJob> jobs;
};

// Writes the keys of many children of one job; keeps a reference to it.
class KeyWriter {
 public:
  explicit KeyWriter(const PlannedJob& job);
  std::string key(ChildIndex child) const;

 private:
  struct Piece {
    std::string text;             // before the value
    std::optional<size_t> value;  // of the table's names; none: the end
  };
  const PlannedJob& job_;
  std::vector<Piece> pieces_;  // empty: the index
};

// The key of a child, unique in its job; the index as text where the job has no better one.
std::string key_of(const PlannedJob& job, ChildIndex child);
// The child with this key, or with this index where no key matches. Linear in the array's size.
std::optional<ChildIndex> find_child(const PlannedJob& job, const std::string& key_or_index);

// Replaces Ref::{name} and Ref::name by the first value of that name, once: what a value holds is
// not looked at again. An unknown name stays as it is (validation has refused it before).
std::string substitute_parameters(
    const std::string& text, const std::vector<std::pair<std::string, std::string>>& parameters);
// Names that `text` refers to, in order, with doubles.
std::vector<std::string> referenced_parameters(const std::string& text);

}  // namespace mpibatch::model
