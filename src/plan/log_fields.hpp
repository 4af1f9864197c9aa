// logFiles: files for what a job's attempts print.
#pragma once

#include <optional>
#include <string>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

inline constexpr std::int64_t kLogMibMax = std::int64_t{1} << 20;  // of maxLogMiB

struct LogFileFields {
  model::LogFiles files;
  std::string where;  // for what is found wrong with them later
};

std::optional<LogFileFields> read_log_files(const JsonValue& value, const Path& path,
                                            const Report& report);

// Reports what of a path nothing stands for, and a path that all children of an array share. Of the
// job, its parameters and the array's are known.
void check_log_path(const std::string& text, const std::string& where,
                    const model::JobTemplate& job, const Report& report);
void check_log_files(const LogFileFields& fields, const model::JobTemplate& job,
                     const Report& report);

}  // namespace mpibatch::plan
