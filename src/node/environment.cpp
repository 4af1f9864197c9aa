#include "node/environment.hpp"

#include <algorithm>
#include <iterator>

#include <mpibatch/model/log_files.hpp>

namespace mpibatch::node {

namespace {

std::string joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) {
    if (!text.empty()) text += ',';
    text += std::to_string(number);
  }
  return text;
}

std::string_view name_of(const std::string& entry) {
  return std::string_view(entry).substr(0, entry.find('='));
}

void add(std::vector<std::string>& entries, std::string_view name, std::string_view value) {
  std::string entry;
  entry.reserve(name.size() + 1 + value.size());
  entries.push_back(std::move(entry.append(name).append(1, '=').append(value)));
}

// The strongest are added first: a name that is there already stays.
void add_weaker(std::vector<std::string>& entries, std::string_view name, std::string_view value) {
  if (name.empty() || name.find('=') != std::string_view::npos) return;
  if (!variable(entries, name)) add(entries, name, value);
}

// What attempts are told, no matter what parameters are called.
bool told_to_all_alike(const model::JobTemplate& job, std::string_view name) {
  constexpr std::string_view kNames[] = {"AWS_BATCH_JQ_NAME", "AWS_BATCH_CE_NAME", "MPIBATCH_NODE"};
  if (job.array && name == "AWS_BATCH_JOB_ARRAY_SIZE") return true;
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

std::string token_prefix(const std::string& run, std::uint32_t share) {
  return run + "." + std::to_string(share) + ".";
}

std::string token_of(const std::string& run, std::uint32_t share,
                     const model::ExecutionId& execution) {
  return token_prefix(run, share) + model::to_string(execution);
}

Parameters parameters_of(const model::JobTemplate& job, const std::vector<std::string>& values) {
  Parameters parameters;
  const std::size_t count = std::min(values.size(), job.parameter_names.size());
  for (std::size_t i = 0; i < count; ++i)
    parameters.emplace_back(job.parameter_names[i], values[i]);
  parameters.insert(parameters.end(), job.parameters.begin(), job.parameters.end());
  return parameters;
}

std::vector<std::string> attempt_environment(const model::JobTemplate& job,
                                             const std::vector<std::string>& values,
                                             const AttemptFrame& frame) {
  constexpr std::size_t kToldMax = 6;
  std::vector<std::string> entries;
  entries.reserve(kToldMax + values.size());
  for (const auto& [name, value] :
       model::attempt_variables(job, frame.execution.child, frame.attempt))
    add(entries, name, value);
  add(entries, "TMPDIR", frame.tmp_folder);
  add(entries, kTokenVariable, frame.token);
  if (!frame.cpus.empty()) add(entries, "MPIBATCH_CPUS", joined(frame.cpus));
  const std::size_t count = std::min(values.size(), job.parameter_names.size());
  for (std::size_t i = 0; i < count; ++i)
    if (!told_to_all_alike(job, job.parameter_names[i]))
      add_weaker(entries, job.parameter_names[i], values[i]);
  return entries;
}

std::vector<std::string> job_environment(const model::Environment& captured,
                                         const model::JobTemplate& job, const JobFrame& frame,
                                         const std::vector<std::string>& attempt) {
  const std::string_view computed = frame.compute_environment;
  std::vector<std::string> entries = attempt;
  add(entries, "AWS_BATCH_JQ_NAME", job.queue);
  add(entries, "AWS_BATCH_CE_NAME", computed.empty() ? "default" : computed);
  add(entries, "MPIBATCH_NODE", frame.node);
  if (job.array) add(entries, "AWS_BATCH_JOB_ARRAY_SIZE", std::to_string(job.size));
  for (const auto& [name, value] : job.parameters) add_weaker(entries, name, value);
  for (const auto& [name, value] : job.environment) add_weaker(entries, name, value);
  // There are few of those and many of these, whose names differ.
  std::vector<std::string> stronger;
  for (const std::string& entry : entries) stronger.emplace_back(name_of(entry));
  std::sort(stronger.begin(), stronger.end());
  for (const auto& [name, value] : captured)
    if (!std::binary_search(stronger.begin(), stronger.end(), name)) add(entries, name, value);
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(attempt.size()));
  return entries;
}

std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  for (const std::string& entry : environment)
    if (name_of(entry) == name) return std::string_view(entry).substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace mpibatch::node
