// Where the streams go that a plan sends to files; what runs an attempt and what tells of it agree.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/job.hpp>

namespace mpibatch::model {

// What an attempt is told of itself, and may have in the paths of its files: AWS_BATCH_JOB_ID,
// AWS_BATCH_JOB_ATTEMPT, MPIBATCH_JOB_NAME, and an array's child AWS_BATCH_JOB_ARRAY_INDEX.
Environment attempt_variables(const JobTemplate& job, ChildIndex child, unsigned attempt);

struct LogFilesOf {
  ChildIndex child = 0;
  unsigned attempt = 1;
  std::string folder;  // the attempt's working directory, absolute
};

// The job's log_files with everything put in, absolute; empty stays empty.
LogFiles log_files_of(const JobTemplate& job,
                      const std::vector<std::pair<std::string, std::string>>& parameters,
                      const LogFilesOf& of);

}  // namespace mpibatch::model
