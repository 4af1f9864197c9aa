#include "plan/job.hpp"

#include <algorithm>
#include <unordered_set>

#include <mpibatch/base/layout.hpp>

#include "plan/hash.hpp"
#include "plan/names.hpp"
#include "plan/references.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kJobFields[] = {"jobName",
                                           "jobQueue",
                                           "jobDefinition",
                                           "parameters",
                                           "containerOverrides",
                                           "nodeOverrides",
                                           "arrayProperties",
                                           "dependsOn",
                                           "retryStrategy",
                                           "timeout",
                                           "shareIdentifier",
                                           "schedulingPriorityOverride",
                                           "consumableResourcePropertiesOverride",
                                           "type",
                                           "containerProperties",
                                           "nodeProperties",
                                           "schedulingPriority",
                                           "constraints",
                                           "consumableResourceProperties",
                                           "expectedSeconds",
                                           "notBeforeSeconds",
                                           "checkpoint",
                                           "results",
                                           "keepTmp",
                                           "maxLogMiB",
                                           "logFiles",
                                           "tags"};
constexpr std::string_view kRefusedJobFields[] = {
    "containerRuntime",      "ecsProperties",        "ecsPropertiesOverride", "eksProperties",
    "eksPropertiesOverride", "platformCapabilities", "propagateTags"};
constexpr std::pair<std::string_view, std::string_view> kNotJobFields[] = {
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
    {"gpus", "containerProperties"},
    {"maxFailures", "arrayProperties, or the plan"},
    {"memoryMultiplier", "retryStrategy"},
    {"numNodes", "nodeProperties"},
    {"mpiProperties", "nodeProperties"},
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
  for (const char* inline_field : {"containerProperties", "nodeProperties", "type"})
    if (value.find(inline_field))
      report.add(path.field(inline_field),
                 "stands beside 'jobDefinition': a job names a definition or carries its own; to "
                 "change one for this job write '" +
                     std::string(inline_field[0] == 'n' ? "nodeOverrides" : "containerOverrides") +
                     "'");
  const auto text = read_string(*reference, path.field("jobDefinition"), report);
  const Definition* found =
      text ? definitions.find(*text, path.field("jobDefinition"), report) : nullptr;
  return found ? std::optional<Definition>(*found) : std::nullopt;
}

// Values of the children stand before the job's parameters, and beside its environment.
void add_children(model::PlannedJob& job, const ArrayFields& array) {
  job.spec.size = array.size;
  job.spec.max_concurrent = array.max_concurrent;
  job.spec.max_failures = array.max_failures;
  job.parameters = array.table;
  job.key_template = array.key_template;
  if (!array.table) return;
  std::vector<std::string>& names = job.execution.parameter_names;
  names = array.table->names();
  const std::unordered_set<std::string_view> of_children(names.begin(), names.end());
  std::erase_if(job.execution.parameters,
                [&](const auto& parameter) { return of_children.contains(parameter.first); });
}

void set_container(model::JobTemplate& execution, const ContainerFields& container) {
  if (container.command) execution.command = container.command->words;
  if (container.environment) execution.environment = *container.environment;
  if (container.working_directory) execution.working_directory = *container.working_directory;
  execution.resources = resources_of(container);
}

void set_fields(model::PlannedJob& job, const DefinitionFields& fields) {
  model::JobTemplate& execution = job.execution;
  set_container(execution, fields.container);
  execution.keep_tmp = fields.keep_tmp.value_or(false);
  execution.log_bytes_max = fields.log_bytes_max.value_or(model::kLogBytesMax);
  if (fields.log_files) execution.log_files = fields.log_files->files;
  execution.timeout = fields.timeout.value_or(Duration{0});
  execution.parameters = fields.parameters;
  job.spec.resources = execution.resources;
  if (fields.retry) job.spec.retry = *fields.retry;
  job.spec.priority = fields.priority.value_or(0);
  if (fields.constraints) job.spec.constraints = *fields.constraints;
  if (fields.consumables) job.spec.consumables = *fields.consumables;
  job.spec.not_before = fields.not_before.value_or(Duration{0});
  if (fields.expected) job.expected = *fields.expected;
  job.spec.expected = job.expected.mean();
}

}  // namespace

std::uint32_t JobReader::read_queue(const JsonValue& value, const Path& path,
                                    model::PlannedJob& job) const {
  const Path place = path.field("jobQueue");
  std::optional<std::uint32_t> queue;
  if (const JsonValue* name = value.find("jobQueue")) {
    const auto text = read_string(*name, place, report);
    if (text) queue = queues.find(*text, place, report);
  } else {
    queue = queues.default_queue();
  }
  const Path share = path.field("shareIdentifier");
  std::optional<std::string> identifier;
  if (const JsonValue* text = value.find("shareIdentifier"))
    identifier = read_string(*text, share, report);
  if (identifier) {
    if (auto fault = share_fault(*identifier)) report.add(share, std::move(*fault));
    job.spec.share = *identifier;
  }
  if (!queue) return 0;
  const model::Queue& known = queues.all()[*queue];
  job.execution.queue = known.name;
  if (!queues.enabled(*queue))
    report.add(place, "queue '" + known.name + "' is DISABLED: it takes no new jobs");
  if (known.policy && !value.find("shareIdentifier"))
    report.add(path, "'shareIdentifier' is missing: queue '" + known.name +
                         "' divides its nodes among shares by a scheduling policy");
  if (!known.policy && value.find("shareIdentifier"))
    report.add(share, "queue '" + known.name + "' has no scheduling policy: leave it out");
  return *queue;
}

void JobReader::read_overrides(const JsonValue& value, const Path& path,
                               DefinitionFields& fields) const {
  const bool multinode = fields.nodes || fields.nodes_are_bad;
  if (const JsonValue* overrides = value.find("containerOverrides")) {
    const Path place = path.field("containerOverrides");
    const ContainerFields over =
        read_container(*overrides, place, ContainerKind::Overrides, report);
    if (multinode)
      report.add(place, "is for container jobs: write 'nodeOverrides' for a multinode job");
    else
      overlay(fields.container, over);
  }
  if (const JsonValue* overrides = value.find("nodeOverrides")) {
    const Path place = path.field("nodeOverrides");
    if (fields.nodes)
      apply_node_overrides(*fields.nodes, *overrides, place, report);
    else if (!multinode)
      report.add(place, "is for multinode jobs: write 'containerOverrides' for a container job");
  }
  if (const JsonValue* priority = value.find("schedulingPriorityOverride"))
    if (const auto number =
            read_priority(*priority, path.field("schedulingPriorityOverride"), report))
      fields.priority = number;
  if (const JsonValue* uses = value.find("consumableResourcePropertiesOverride"))
    fields.consumables = reader.consumables.read_uses(
        *uses, path.field("consumableResourcePropertiesOverride"), report);
}

void JobReader::set_gang(const DefinitionFields& fields, bool children_known,
                         model::PlannedJob& job) const {
  const NodeFields& nodes = *fields.nodes;
  const auto gang = resolve_gang(nodes, job.execution.parameters, job.execution.parameter_names,
                                 job.spec.name, report);
  if (!gang) return;
  LayoutWriter seen;
  std::vector<bool> used(nodes.ranges.size());
  std::uint64_t digest = 0;
  for (const std::uint32_t range : gang->ranges) {
    if (used[range]) continue;
    used[range] = true;
    model::JobTemplate member = job.execution;
    set_container(member, nodes.ranges[range].container);
    digest = digest * 31 + digest_of(member);
    if (children_known) check_container(nodes.ranges[range].container, job);
  }
  const NodeRange& main = nodes.ranges[gang->ranges[nodes.main]];
  if (!main.container.command)
    report.add(main.where,
               "the main node has nothing to run: 'command' or 'script' is missing in "
               "its container (job '" +
                   job.spec.name + "')");
  set_container(job.execution, main.container);
  job.spec.resources = job.execution.resources;
  job.spec.gang = gang->gang;
  const MpiFields mpi = nodes.mpi.value_or(MpiFields{});
  seen& digest & gang->gang.nodes & gang->gang.main &
      gang->ranges& mpi.direct& mpi.ranks_per_node& mpi.threads_per_rank;
  job.spec.digest = stable_hash(seen.bytes());
}

void JobReader::check_container(const ContainerFields& container,
                                const model::PlannedJob& job) const {
  std::vector<std::string> names = job.execution.parameter_names;
  const std::unordered_set<std::string> of_children(names.begin(), names.end());
  for (const auto& [name, value] : container.environment.value_or(model::Environment{}))
    if (of_children.contains(name))
      report.add(container.environment_where,
                 "'" + name + "' is set here and is a parameter of the children, who get it in " +
                     "their environment, too (job '" + job.spec.name + "')");
  for (const auto& parameter : job.execution.parameters) names.push_back(parameter.first);
  if (container.command) check_references(*container.command, names, job.spec.name, report);
}

// More memory than none cannot be given.
void JobReader::check_memory(const Path& path, const model::PlannedJob& job) const {
  const model::RetryStrategy& retry = job.spec.retry;
  if (retry.memory_multiplier <= 1) return;
  const std::uint64_t memory = job.spec.resources.memory_mib;
  if (memory == 0)
    report.add(path, "'memoryMultiplier' multiplies nothing: the job asks for no MEMORY");
  if (retry.memory_max_mib > 0 && retry.memory_max_mib < memory)
    report.add(path, "'memoryMax' (" + std::to_string(retry.memory_max_mib) +
                         ") is less than the MEMORY that the job asks for, " +
                         std::to_string(memory));
}

model::PlannedJob JobReader::read(const JsonValue& value, const Path& path) const {
  model::PlannedJob job;
  if (!read_object(value, path, {kJobFields, kRefusedJobFields, kNotJobFields}, report)) return job;
  job.spec.name = job.execution.name = read_name(value, path, report);
  job.spec.queue = read_queue(value, path, job);

  const auto definition = find_definition(value, path, job.spec.name, definitions, report);
  DefinitionFields fields = definition ? definition->fields : DefinitionFields{};
  overlay(fields, reader.read(value, path));
  if (definition) job.execution.definition = definition->name;
  if (definition) read_overrides(value, path, fields);
  set_fields(job, fields);

  std::optional<ArrayFields> array;
  const JsonValue* properties = value.find("arrayProperties");
  if (properties)
    array = read_array_properties(*properties, path.field("arrayProperties"), sheets, report);
  if (array) add_children(job, *array);
  job.spec.array = properties != nullptr;
  if (properties && !array) job.spec.size = 0;
  job.execution.array = job.spec.array;
  job.execution.size = job.spec.size;
  if (array) check_keys(job, *array, report);

  // Where the array's parameters are unknown, nothing can be said of references to them.
  const bool children_known = array || !properties;
  job.spec.digest = digest_of(job.execution);
  if (fields.nodes) {
    set_gang(fields, children_known, job);
  } else if (!fields.nodes_are_bad) {
    if (!fields.container.command && definition)
      report.add(path,
                 "has nothing to run: 'command' or 'script' is missing in its "
                 "containerProperties");
    if (children_known) check_container(fields.container, job);
  }
  if (children_known && fields.log_files) check_log_files(*fields.log_files, job.execution, report);
  check_memory(path.field("retryStrategy"), job);
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
