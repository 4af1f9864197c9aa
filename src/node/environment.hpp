// What an attempt's process is given: its variables and its words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/model/node.hpp>

namespace mpibatch::node {

// In the environment of every process of an attempt; how left-over ones are found in /proc.
inline constexpr std::string_view kTokenVariable = "MPIBATCH_TOKEN";

// The tokens of all attempts of a run on one share begin with this.
std::string token_prefix(const std::string& run, std::uint32_t share);
std::string token_of(const std::string& run, std::uint32_t share,
                     const model::ExecutionId& execution);

struct AttemptFrame {
  model::ExecutionId execution;
  std::uint8_t attempt = 1;
  std::string_view token;
  std::string_view tmp_folder;
  const std::vector<std::uint32_t>& cpus;
};
struct JobFrame {
  std::string_view node;
  std::string_view compute_environment;  // empty: none was named
};

using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters parameters_of(const model::JobTemplate& job, const std::vector<std::string>& values);

// An attempt's environment, `NAME=value` each, no name twice: the captured one, over it the plan's,
// over it the parameters by name, over it what AWS Batch and mpibatch tell an attempt. First what
// differs from attempt to attempt; `values` are those of job.parameter_names.
std::vector<std::string> attempt_environment(const model::JobTemplate& job,
                                             const std::vector<std::string>& values,
                                             const AttemptFrame& frame);
// Then what is the same for all of a job's on a share. `attempt`: one's own, for the names.
std::vector<std::string> job_environment(const model::Environment& captured,
                                         const model::JobTemplate& job, const JobFrame& frame,
                                         const std::vector<std::string>& attempt);
// A name's value in one of them; none: not set.
std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name);

}  // namespace mpibatch::node
