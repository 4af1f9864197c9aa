// What the attempts of a run took, to be asked job by job. 48 bytes for each attempt.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>

#include "cli/reading.hpp"
#include "cli/usage_statistics.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

class RunUsage {
 public:
  // Of these jobs.
  static Result<RunUsage> read(const FileSystem& files, const RunReading& run,
                               const std::vector<JobView>& jobs);
  JobUsage of(model::JobId job) const;
  const std::vector<std::string>& problems() const { return problems_; }  // what was not readable

 private:
  std::vector<UsageSample> samples_;  // by job
  std::vector<std::string> problems_;
};

}  // namespace mpibatch::cli
