#include "cli/child_plan.hpp"

#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <mpibatch/base/shell_quote.hpp>
#include <mpibatch/model/log_files.hpp>

#include "cli/json_text.hpp"
#include "cli/output.hpp"
#include "cli/plan_summary.hpp"

namespace mpibatch::cli {

namespace {

struct Shown {
  const model::PlannedJob& job;
  model::ChildIndex child;
  std::string name;  // "align", "align:NA017"
};

Shown shown(const model::Plan& plan, const JobPlace& place) {
  const model::PlannedJob& job = plan.jobs[place.job];
  const model::ChildIndex child = place.child.value_or(0);
  const std::string& name = job.spec.name;
  return {job, child,
          job.spec.array ? fmt::format("{}:{}", name, model::key_of(job, child)) : name};
}

// Over the environment of the shell that types `run`: the plan's, then parameters by their names.
model::Environment variables(const Shown& one) {
  model::Environment all = one.job.execution.environment;
  for (auto& [name, value] : parameters_of(one.job, one.child))
    all.emplace_back(name, std::move(value));
  return all;
}

std::string normal(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string folder(const Shown& one) {
  const std::string& given = one.job.execution.working_directory;
  return normal(given.empty() ? "." : given);
}

// Of its first attempt.
model::LogFiles log_files(const Shown& one) {
  auto [out, error] = model::log_files_of(one.job.execution, parameters_of(one.job, one.child),
                                          {one.child, 1, folder(one)});
  return {out.empty() ? out : normal(out), error.empty() ? error : normal(error)};
}

std::string resources(const model::Resources& each) {
  std::string text = counted(each.vcpus, "vCPU");
  if (each.memory_mib > 0) text += fmt::format(", {} MiB", each.memory_mib);
  if (each.gpus > 0) text += ", " + counted(each.gpus, "GPU");
  return text;
}

}  // namespace

std::string child_plan_text(const model::Plan& plan, const JobPlace& place) {
  const Shown one = shown(plan, place);
  const model::JobSpec& spec = one.job.spec;
  std::string text = printable(one.name);
  if (spec.array) text += fmt::format(" (index {} of {})", one.child, spec.size);
  text += fmt::format("\ncommand:     {}\n", command_text(one.job, one.child));
  std::string_view heading = "environment:";
  for (const auto& [name, value] : variables(one)) {
    text += fmt::format("{:<13}{}={}\n", heading, name, shell_quote(value));
    heading = "";
  }
  text += fmt::format("folder:      {}\n", shell_quote(folder(one)));
  text += fmt::format("resources:   {}\n", resources(spec.resources));
  text += fmt::format("queue:       {}\n", plan.rules.queues[spec.queue].name);
  if (spec.retry.attempts > 1) text += fmt::format("attempts:    {}\n", spec.retry.attempts);
  if (one.job.execution.timeout > Duration{0})
    text += fmt::format("timeout:     {}\n", duration_text(one.job.execution.timeout));
  const auto [out, error] = log_files(one);
  if (!out.empty()) text += fmt::format("stdout:      {}\n", shell_quote(out));
  if (!error.empty()) text += fmt::format("stderr:      {}\n", shell_quote(error));
  return text;
}

std::string child_plan_json(const model::Plan& plan, const JobPlace& place) {
  const Shown one = shown(plan, place);
  const model::JobSpec& spec = one.job.spec;
  auto environment = nlohmann::json::array();
  for (const auto& [name, value] : variables(one))
    environment.push_back({{"name", name}, {"value", value}});
  nlohmann::json value{{"jobName", spec.name},
                       {"command", command_words(one.job, one.child)},
                       {"environment", std::move(environment)},
                       {"workingDirectory", folder(one)},
                       {"vcpus", spec.resources.vcpus},
                       {"memory", spec.resources.memory_mib},
                       {"gpus", spec.resources.gpus},
                       {"jobQueue", plan.rules.queues[spec.queue].name},
                       {"attempts", spec.retry.attempts}};
  // In whole seconds in a plan, but not in a task list.
  if (const Duration timeout = one.job.execution.timeout; timeout > Duration{0})
    value["timeout"] = {{"attemptDurationSeconds", std::chrono::duration<double>(timeout).count()}};
  const auto [out, error] = log_files(one);
  if (!out.empty()) value["logFiles"]["stdout"] = out;
  if (!error.empty()) value["logFiles"]["stderr"] = error;
  if (spec.array) {
    value["index"] = one.child;
    value["key"] = model::key_of(one.job, one.child);
  }
  return indented_json(value);
}

}  // namespace mpibatch::cli
