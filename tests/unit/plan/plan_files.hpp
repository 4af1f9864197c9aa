// Plans in a folder of the test's own, and what loading them says.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <mpibatch/plan/load.hpp>

#include "support/temporary_folder.hpp"

namespace mpibatch::plan {

class PlanFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view content) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  Loaded<LoadedPlan> load(std::string_view json) {
    return load_plan(files_, write("plan.json", json));
  }

  model::Plan good(std::string_view json) {
    auto loaded = load(json);
    if (loaded) return std::move(loaded->plan);
    for (const PlanError& error : loaded.error()) ADD_FAILURE() << to_string(error);
    return {};
  }

  // All errors, one a line, without the folder.
  std::string errors(const Loaded<LoadedPlan>& loaded) const {
    EXPECT_FALSE(loaded);
    std::string text;
    if (loaded) return text;
    for (const PlanError& error : loaded.error()) text += to_string(error) + "\n";
    const std::string prefix = folder_ / "";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
      text.erase(at, prefix.size());
    return text;
  }
  std::string errors(std::string_view json) { return errors(load(json)); }

  // Of one job with these fields behind its name and a command.
  std::string job_errors(const std::string& fields) {
    return errors(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": ["true"]}, )" +
                  fields + "}]}");
  }
  model::PlannedJob good_job(const std::string& fields) {
    model::Plan plan = good(R"({"jobs": [{"jobName": "a", )" + fields + "}]}");
    return plan.jobs.empty() ? model::PlannedJob{} : plan.jobs[0];
  }

  testing::TemporaryFolder folder_;
  PosixFileSystem files_;
};

inline std::vector<std::string> keys(const model::PlannedJob& job) {
  std::vector<std::string> all;
  for (model::ChildIndex child = 0; child < job.spec.size; ++child)
    all.push_back(model::key_of(job, child));
  return all;
}

}  // namespace mpibatch::plan
