// schedulingPolicies: how the shares of a queue divide it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

class Policies {
 public:
  void read(const JsonValue& value, const Path& path, const Report& report);
  // By name; none, and reported, if there is no such policy.
  std::optional<std::uint32_t> find(const std::string& name, const Path& path,
                                    const Report& report) const;
  const std::vector<model::FairSharePolicy>& all() const { return policies_; }

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);

  std::vector<model::FairSharePolicy> policies_;
};

// What is wrong with a job's shareIdentifier, or nothing.
std::optional<std::string> share_fault(std::string_view share);

}  // namespace mpibatch::plan
