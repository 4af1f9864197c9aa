// Children of the plan's jobs with their attempts, as `jobs` and `logs` choose them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/state.hpp>

#include "cli/reading.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

struct ChildChoice {
  std::optional<model::JobId> job;  // none: all jobs of the plan
  std::optional<model::ChildIndex> child;
  std::optional<model::JobStatus> status;
  std::uint64_t most = UINT64_MAX;  // the lowest ones
};

struct ChosenChildren {
  std::vector<ChildView> children;    // by job and index, attempts by their start
  std::uint64_t left_out = 0;         // more than `most`
  std::vector<std::string> problems;  // segments that could not be read
};

Result<ChosenChildren> choose_children(const FileSystem& files, const RunReading& run,
                                       const PlanCopy& plan, const ChildChoice& choice);

// "FAILED", in any case; Usage names the known ones.
Result<model::JobStatus> parse_status(const std::string& text);

}  // namespace mpibatch::cli
