// How long the run has its nodes for, as a user or Slurm says it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>

namespace mpibatch::cli {

// Seconds, MM:SS, HH:MM:SS or D-HH:MM:SS of this option; Usage otherwise.
Result<Duration> parse_time(std::string_view option, std::string_view text);
// … of --walltime; Usage for nothing at all, too.
Result<Duration> parse_walltime(const std::string& text);

// From now on; `begin` may be past.
struct TimeSpan {
  Duration begin{0};
  Duration end{0};
  bool operator==(const TimeSpan&) const = default;
};
// SLURM_JOB_START_TIME and SLURM_JOB_END_TIME of the job that this is part of, as `variable` reads
// the environment; none outside Slurm, or where its version does not tell. `wall`: the time of day.
std::optional<TimeSpan> slurm_time(const std::function<const char*(const char*)>& variable,
                                   Duration wall);

}  // namespace mpibatch::cli
