#include "plan/task_plan.hpp"

#include "plan/array.hpp"
#include "plan/job.hpp"
#include "plan/keys.hpp"
#include "plan/log_fields.hpp"
#include "plan/queues.hpp"
#include "plan/references.hpp"

namespace mpibatch::plan {

namespace {

void check_options(const TaskOptions& options, Errors& errors) {
  if (options.vcpus < 1) errors.add("--vcpus", "", "must be at least 1");
  if (options.memory_mib > 0 && options.memory_mib < 4)
    errors.add("--memory", "", "must be at least 4 (MiB)");
  if (options.timeout < Duration{0}) errors.add("--timeout", "", "must be at least 1 (second)");
  if (options.log_mib_max > static_cast<std::uint64_t>(kLogMibMax))
    errors.add("--max-log-mib", "", "must be at most " + std::to_string(kLogMibMax));
  if (options.log_files.ends_with('/')) errors.add("--log-files", "", "must be the path of a file");
  if (options.attempts < 1 || options.attempts > model::kAttemptsMax)
    errors.add("--attempts", "", "must be from 1 to " + std::to_string(model::kAttemptsMax));
  if (!options.command.empty() && options.command.front().empty())
    errors.add("-- command", "", "must begin with a program to run");
}

model::PlannedJob make_job(const char* name, std::shared_ptr<const model::ParameterTable> table,
                           const TaskOptions& options, Errors& errors) {
  check_options(options, errors);
  model::PlannedJob job;
  model::JobTemplate& execution = job.execution;
  execution.command = options.command;
  execution.name = job.spec.name = execution.definition = name;
  execution.queue = kDefaultQueue;
  execution.array = job.spec.array = true;
  execution.size = job.spec.size = table ? table->rows() : 0;
  execution.resources = job.spec.resources = {options.vcpus, options.memory_mib, options.gpus};
  execution.timeout = options.timeout;
  if (options.log_mib_max > 0) execution.log_bytes_max = options.log_mib_max << 20;
  execution.log_files = {options.log_files, options.log_files};
  job.spec.retry.attempts = options.attempts;
  job.spec.max_failures = options.max_failures;
  if (table) {
    execution.parameter_names = table->names();
    check_references({execution.command, false, "word"}, execution.parameter_names, "",
                     Report(errors, "-- command"));
    if (!options.log_files.empty())
      check_log_path(options.log_files, "", execution, Report(errors, "--log-files"));
  }
  job.parameters = std::move(table);
  return job;
}

model::Plan plan_of(model::PlannedJob job) {
  job.spec.digest = digest_of(job.execution);
  model::Plan plan;
  plan.rules.queues.push_back(model::Queue{std::string(kDefaultQueue)});
  plan.jobs.push_back(std::move(job));
  return plan;
}

bool good_keys(const model::PlannedJob& job) {
  if (!repeated_keys(job, 1).empty()) return false;
  const model::KeyWriter keys(job);
  for (model::ChildIndex child = 0; child < job.spec.size; ++child)
    if (keys.key(child).empty()) return false;
  return true;
}

// The first column, where that names each row; else all columns; else the index.
void choose_key(model::PlannedJob& job) {
  const std::vector<std::string>& names = job.parameters->names();
  for (const std::string& key : {"Ref::{" + names.front() + "}", default_key(names)}) {
    job.key_template = key;
    if (good_keys(job)) return;
  }
  job.key_template.clear();
}

}  // namespace

model::Plan make_task_plan(std::shared_ptr<const TaskList> list, const TaskOptions& options,
                           Errors& errors) {
  model::PlannedJob job = make_job("tasks", std::move(list), options, errors);
  if (options.command.empty()) {
    job.execution.command = {"Ref::{line}"};
    job.execution.task_line = true;
  }
  job.key_template = "Ref::{line}";
  return plan_of(std::move(job));
}

model::Plan make_sheet_plan(std::shared_ptr<const Sheet> sheet, const std::string& file,
                            const TaskOptions& options, Errors& errors) {
  model::PlannedJob job = make_job("sweep", sheet, options, errors);
  if (options.command.empty())
    errors.add("-- command", "",
               "is missing: say what to run for each row, such as -- ./align.sh 'Ref::{sample}'");
  if (sheet && options.key.empty()) choose_key(job);
  if (sheet && !options.key.empty()) {
    const Report report(errors, "--key");
    auto key = make_key_template(options.key, sheet->names());
    if (key) {
      job.key_template = std::move(*key);
      ArrayFields array;
      array.sheet = sheet;
      array.sheet_file = file;
      check_keys(job, array, report);
    } else {
      for (std::string& fault : key.error()) report.add("", std::move(fault));
    }
  }
  return plan_of(std::move(job));
}

}  // namespace mpibatch::plan
