#include "plan/job.hpp"

#include <algorithm>

#include <mpibatch/base/layout.hpp>

#include "plan/hash.hpp"
#include "plan/names.hpp"
#include "plan/references.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kSupported[] = {"jobName",
                                           "jobQueue",
                                           "jobDefinition",
                                           "parameters",
                                           "containerOverrides",
                                           "arrayProperties",
                                           "dependsOn",
                                           "retryStrategy",
                                           "timeout",
                                           "keepTmp",
                                           "tags",
                                           "type",
                                           "containerProperties"};
constexpr std::string_view kRefused[] = {"nodeProperties",
                                         "nodeOverrides",
                                         "checkpoint",
                                         "constraints",
                                         "consumableResourceProperties",
                                         "consumableResourcePropertiesOverride",
                                         "containerRuntime",
                                         "ecsProperties",
                                         "ecsPropertiesOverride",
                                         "eksProperties",
                                         "eksPropertiesOverride",
                                         "expectedSeconds",
                                         "maxFailures",
                                         "notBeforeSeconds",
                                         "platformCapabilities",
                                         "propagateTags",
                                         "results",
                                         "schedulingPriority",
                                         "schedulingPriorityOverride",
                                         "shareIdentifier"};
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"command", "containerProperties"},
    {"script", "containerProperties"},
    {"environment", "containerProperties"},
    {"image", "containerProperties"},
    {"memory", "containerProperties"},
    {"resourceRequirements", "containerProperties"},
    {"vcpus", "containerProperties"},
    {"workingDirectory", "containerProperties"},
    {"size", "arrayProperties"},
    {"key", "arrayProperties"},
    {"parametersFile", "arrayProperties"},
    {"parameterGrid", "arrayProperties"},
    {"maxConcurrent", "arrayProperties"},
    {"seed", "arrayProperties"},
    {"attempts", "retryStrategy"},
    {"evaluateOnExit", "retryStrategy"},
    {"attemptDurationSeconds", "timeout"},
};

std::string read_name(const JsonValue& value, const Path& path, const Report& report) {
  const JsonValue* name = require_field(value, "jobName", path, report);
  auto text = name ? read_string(*name, path.field("jobName"), report) : std::nullopt;
  if (!text) return {};
  if (auto fault = job_name_fault(*text)) report.add(path.field("jobName"), std::move(*fault));
  return std::move(*text);
}

// The definition that the job names, or an empty one under the job's own name. None: reported.
std::optional<Definition> find_definition(const JsonValue& value, const Path& path,
                                          const std::string& job, const Definitions& definitions,
                                          const Report& report) {
  const JsonValue* reference = value.find("jobDefinition");
  if (!reference) return Definition{job, {}};
  for (const char* inline_field : {"containerProperties", "type"})
    if (value.find(inline_field))
      report.add(path.field(inline_field),
                 "stands beside 'jobDefinition': a job names a definition or carries its own; to "
                 "change one for this job write 'containerOverrides'");
  const auto text = read_string(*reference, path.field("jobDefinition"), report);
  const Definition* found =
      text ? definitions.find(*text, path.field("jobDefinition"), report) : nullptr;
  return found ? std::optional<Definition>(*found) : std::nullopt;
}

// Values of the children stand before the job's parameters, and beside its environment.
void add_children(model::PlannedJob& job, const ArrayFields& array, const Path& path,
                  const Report& report) {
  job.spec.array = true;
  job.spec.size = array.size;
  job.parameters = array.table;
  job.key_template = array.key_template;
  if (!array.table) return;
  std::vector<std::string>& names = job.execution.parameter_names;
  names = array.table->names();
  const auto of_children = [&](const auto& entry) {
    return std::find(names.begin(), names.end(), entry.first) != names.end();
  };
  std::erase_if(job.execution.parameters, of_children);
  for (const auto& variable : job.execution.environment)
    if (of_children(variable))
      report.add(path, "'" + variable.first +
                           "' is set in the environment and is a parameter of the children, who "
                           "get it there, too");
}

void set_fields(model::PlannedJob& job, const DefinitionFields& fields) {
  model::JobTemplate& execution = job.execution;
  if (fields.container.command) execution.command = fields.container.command->words;
  if (fields.container.environment) execution.environment = *fields.container.environment;
  if (fields.container.working_directory)
    execution.working_directory = *fields.container.working_directory;
  execution.resources.vcpus = fields.container.vcpus.value_or(1);
  execution.resources.memory_mib = fields.container.memory_mib.value_or(0);
  execution.keep_tmp = fields.keep_tmp.value_or(false);
  execution.timeout = fields.timeout.value_or(Duration{0});
  execution.parameters = fields.parameters;
  job.spec.resources = execution.resources;
  if (fields.retry) job.spec.retry = *fields.retry;
}

}  // namespace

model::PlannedJob JobReader::read(const JsonValue& value, const Path& path) const {
  model::PlannedJob job;
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return job;
  job.spec.name = job.execution.name = read_name(value, path, report);

  std::optional<std::uint32_t> queue;
  if (const JsonValue* name = value.find("jobQueue")) {
    const auto text = read_string(*name, path.field("jobQueue"), report);
    if (text) queue = queues.find(*text, path.field("jobQueue"), report);
  } else {
    queue = queues.default_queue();
  }
  job.spec.queue = queue.value_or(0);
  if (queue) job.execution.queue = queues.all()[*queue].name;

  const auto definition = find_definition(value, path, job.spec.name, definitions, report);
  DefinitionFields fields = definition ? definition->fields : DefinitionFields{};
  overlay(fields, read_definition_fields(value, path, report));
  if (const JsonValue* overrides = value.find("containerOverrides"))
    overlay(fields.container, read_container(*overrides, path.field("containerOverrides"),
                                             ContainerKind::Overrides, report));
  if (definition) job.execution.definition = definition->name;
  set_fields(job, fields);

  std::optional<ArrayFields> array;
  const JsonValue* properties = value.find("arrayProperties");
  if (properties)
    array = read_array_properties(*properties, path.field("arrayProperties"), sheets, report);
  if (array) add_children(job, *array, path.field("arrayProperties"), report);
  job.spec.array = properties != nullptr;
  if (properties && !array) job.spec.size = 0;
  job.execution.array = job.spec.array;
  job.execution.size = job.spec.size;
  if (array) check_keys(job, *array, report);

  const auto& command = fields.container.command;
  if (!command && definition)
    report.add(path,
               "has nothing to run: 'command' or 'script' is missing in its "
               "containerProperties");
  // Where the array's parameters are unknown, nothing can be said of references to them.
  if (command && (array || !properties)) {
    std::vector<std::string> names = job.execution.parameter_names;
    for (const auto& parameter : job.execution.parameters) names.push_back(parameter.first);
    check_references(*command, names, job.spec.name, report);
  }
  job.spec.digest = digest_of(job.execution);
  return job;
}

std::uint64_t digest_of(const model::JobTemplate& execution) {
  model::Environment environment = execution.environment;
  model::Environment parameters = execution.parameters;
  std::sort(environment.begin(), environment.end());
  std::sort(parameters.begin(), parameters.end());
  LayoutWriter seen;
  seen& execution.command& execution.task_line& environment& execution
      .working_directory& parameters& execution.resources& execution.array;
  return stable_hash(seen.bytes());
}

}  // namespace mpibatch::plan
