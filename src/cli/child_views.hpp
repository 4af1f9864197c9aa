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

// The same children, handed out one after the other until `take` says false, for more of them than
// should be held at a time. Their attempts do not say where their output is. Memory: about 100
// bytes an attempt.
struct ChildrenRead {
  std::uint64_t left_out = 0;
  std::vector<std::string> problems;
};
Result<ChildrenRead> for_each_child(const FileSystem& files, const RunReading& run,
                                    const PlanCopy& plan, const ChildChoice& choice,
                                    const std::function<bool(const ChildView&)>& take);

// "FAILED", in any case; Usage names the known ones.
Result<model::JobStatus> parse_status(const std::string& text);

}  // namespace mpibatch::cli
