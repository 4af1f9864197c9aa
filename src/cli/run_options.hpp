// What `mpibatch run` was asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/plan/load.hpp>

namespace mpibatch::cli {

struct RunOptions {
  std::string plan;   // path; empty: a task list or a sheet
  std::string tasks;  // path, or "-"
  std::string sheet;  // of --parameters: path, or "-"
  plan::TaskOptions task_options;
  std::string state;              // absolute path of the state folder
  std::vector<std::string> only;  // JOB or JOB:KEY each: a rehearsal of these
  std::optional<Duration> walltime;
  bool fresh = false;
  bool accept = false;
  bool keep_failed = false;
  bool retry_failed = false;
  bool rerun_changed = false;
  bool quiet = false;
  bool verbose = false;
  std::optional<std::uint32_t> cpus_per_node;
  Duration lease{std::chrono::seconds{60}};
  Duration grace{std::chrono::seconds{30}};
};

}  // namespace mpibatch::cli
