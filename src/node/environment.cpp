#include "node/environment.hpp"

#include <algorithm>

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

model::Environment told(const model::JobTemplate& job, const AttemptFrame& frame) {
  model::Environment told = model::attempt_variables(job, frame.execution.child, frame.attempt);
  told.emplace_back("AWS_BATCH_JQ_NAME", job.queue);
  told.emplace_back("AWS_BATCH_CE_NAME",
                    frame.compute_environment.empty() ? "default" : frame.compute_environment);
  told.emplace_back("MPIBATCH_NODE", frame.node);
  told.emplace_back("TMPDIR", frame.tmp_folder);
  told.emplace_back(kTokenVariable, frame.token);
  if (job.array) told.emplace_back("AWS_BATCH_JOB_ARRAY_SIZE", std::to_string(job.size));
  if (!frame.cpus.empty()) told.emplace_back("MPIBATCH_CPUS", joined(frame.cpus));
  return told;
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

std::vector<std::string> own_environment(const model::JobTemplate& job,
                                         const Parameters& parameters, const AttemptFrame& frame) {
  const model::Environment told_first = told(job, frame);
  std::vector<std::string> entries;
  entries.reserve(told_first.size() + parameters.size() + job.environment.size());
  // The strongest first: a name that is there already stays.
  const auto add = [&entries](const std::string& name, const std::string& value) {
    if (name.empty() || name.find('=') != std::string::npos) return;
    const auto same = [&name](const std::string& entry) { return name_of(entry) == name; };
    if (std::none_of(entries.begin(), entries.end(), same)) entries.push_back(name + "=" + value);
  };
  for (const auto& [name, value] : told_first) add(name, value);
  for (const auto& [name, value] : parameters) add(name, value);
  for (const auto& [name, value] : job.environment) add(name, value);
  return entries;
}

std::vector<std::string> captured_environment(const model::Environment& captured,
                                              const std::vector<std::string>& own) {
  // There are few of those and many of these, whose names differ.
  std::vector<std::string_view> stronger;
  for (const std::string& entry : own) stronger.push_back(name_of(entry));
  std::sort(stronger.begin(), stronger.end());
  std::vector<std::string> entries;
  entries.reserve(captured.size());
  for (const auto& [name, value] : captured)
    if (!std::binary_search(stronger.begin(), stronger.end(), name))
      entries.push_back(name + "=" + value);
  return entries;
}

std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  for (const std::string& entry : environment)
    if (name_of(entry) == name) return std::string_view(entry).substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace mpibatch::node
