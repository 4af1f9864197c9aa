// computeEnvironments: pools of nodes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

class Environments {
 public:
  void read(const JsonValue& value, const Path& path, const Report& report);
  // By name; none, and reported, if there is no such environment.
  std::optional<std::uint32_t> find(const std::string& name, const Path& path,
                                    const Report& report) const;
  const std::vector<model::ComputeEnvironment>& all() const { return environments_; }

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);

  std::vector<model::ComputeEnvironment> environments_;
};

// A list of features that a node must have; those that cannot be one are reported.
std::vector<std::string> read_features(const JsonValue& value, const Path& path,
                                       const Report& report);

}  // namespace mpibatch::plan
