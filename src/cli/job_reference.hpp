// What a user types for a job or a child of it: JOB, JOB:INDEX, JOB:KEY.
#pragma once

#include <optional>
#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/model/plan.hpp>

namespace mpibatch::cli {

struct JobReference {
  std::string job;
  std::optional<std::string> child;  // its key, or its index
  bool operator==(const JobReference&) const = default;
};

// A job's name holds no colon; whatever follows the first one is the child.
Result<JobReference> parse_job_reference(const std::string& text);

struct JobPlace {
  std::size_t job = 0;  // of the plan's jobs
  std::optional<model::ChildIndex> child;
  bool operator==(const JobPlace&) const = default;
};

// A key wins over an index. NotFound names what is near.
Result<JobPlace> find_job(const model::Plan& plan, const JobReference& reference);
Result<JobPlace> find_job(const model::Plan& plan, const std::string& text);

}  // namespace mpibatch::cli
