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
  std::string token;
  std::string node;
  std::string tmp_folder;
  std::vector<std::uint32_t> cpus;
  std::string compute_environment = {};  // empty: none was named
};

using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters parameters_of(const model::JobTemplate& job, const std::vector<std::string>& values);

// `NAME=value` each, no name twice: the plan's environment, over it the parameters by name, over it
// what AWS Batch and mpibatch tell an attempt.
std::vector<std::string> own_environment(const model::JobTemplate& job,
                                         const Parameters& parameters, const AttemptFrame& frame);
// Of the captured environment what has none of those names.
std::vector<std::string> captured_environment(const model::Environment& captured,
                                              const std::vector<std::string>& own);
// A name's value in one of them; none: not set.
std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name);

}  // namespace mpibatch::node
