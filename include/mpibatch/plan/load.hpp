// A plan, or a list of tasks, from files to model: everything that is wrong with it comes back at
// once, before anything starts. Reads files and nothing else; any thread may call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/model/plan.hpp>

namespace mpibatch::plan {

struct PlanError {
  std::string where;  // `plan.json: jobs[3].dependsOn[0].jobId`, `samples.csv: line 17`
  std::string message;
  bool operator==(const PlanError&) const = default;
};

std::string to_string(const PlanError& error);  // `where: message`

// A file that the plan was read from: plan, sheet, task list, and the manifest of the copy.
struct SourceFile {
  std::string path;  // absolute, "-" for standard input; empty for the manifest
  std::string name;  // in the copy's folder; unique there
  std::shared_ptr<const std::string> content;
};

struct LoadedPlan {
  model::Plan plan;
  // What the plan says, and its user should know, without being wrong: for people, one a line.
  std::vector<std::string> notices;
  std::vector<SourceFile> sources;  // the manifest comes last
};

template <class T>
using Loaded = tl::expected<T, std::vector<PlanError>>;  // at least one error

// What `run --tasks FILE` and `run --parameters SHEET` say of their tasks.
struct TaskOptions {
  std::uint32_t vcpus = 1;
  std::uint64_t memory_mib = 0;  // 0: no limit
  Duration timeout{0};           // 0: none
  std::uint32_t attempts = 1;    // 1 to model::kAttemptsMax
  // With Ref::{line}, or the names of a sheet's columns; empty, of a list: each line is a command.
  std::vector<std::string> command;
  std::uint32_t gpus = 0;
  std::optional<std::uint64_t> max_failures = {};  // as an array's maxFailures
  // Of a sheet: a column, or a text with Ref::{column}. Empty: the first column; where values stand
  // twice there, all of them, `name=value,…`; where rows stand twice, the index.
  std::string key = {};
  std::uint64_t log_mib_max = 0;  // 0: as a plan's default
  std::string log_files = {};     // a path, as a plan's logFiles, for both streams; empty: packed
};

// A plan file: in YAML if its name ends in .yaml or .yml, else in JSON. A relative `path` starts at
// the current folder, a relative parametersFile at the plan's folder.
Loaded<LoadedPlan> load_plan(const FileSystem& files, const std::string& path);

// A task list, one task a line ("-": standard input), as a plan with one array job, "tasks".
Loaded<LoadedPlan> load_tasks(const FileSystem& files, const std::string& path,
                              const TaskOptions& options);

// A sheet of parameters ("-": standard input, with commas), one task a row, as a plan with one
// array job, "sweep". The command is needed.
Loaded<LoadedPlan> load_sheet(const FileSystem& files, const std::string& path,
                              const TaskOptions& options);

// Keeps what a plan was loaded from, so that load_copy() gives the same plan when the originals
// have changed or gone. Files are byte for byte the originals; manifest.json names the original of
// each, against which relative paths are still resolved, and holds the options of a task list. It
// is written last: a folder with a manifest is complete. May be repeated after a crash.
Result<void> save_copy(FileSystem& files, const std::string& folder, const LoadedPlan& loaded);
// Makes a saved copy durable: before any record relies on it.
Result<void> sync_copy(FileSystem& files, const std::string& folder, const LoadedPlan& loaded);
Loaded<LoadedPlan> load_copy(const FileSystem& files, const std::string& folder);

}  // namespace mpibatch::plan
