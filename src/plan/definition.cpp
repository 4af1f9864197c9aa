#include "plan/definition.hpp"

#include <algorithm>

#include "plan/environments.hpp"
#include "plan/names.hpp"
#include "plan/retry.hpp"
#include "plan/timing.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kDefinitionFields[] = {"jobDefinitionName",
                                                  "revision",
                                                  "type",
                                                  "status",
                                                  "containerProperties",
                                                  "nodeProperties",
                                                  "parameters",
                                                  "retryStrategy",
                                                  "timeout",
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
constexpr std::string_view kRefusedDefinitionFields[] = {
    "containerRuntime",     "ecsProperties", "eksProperties",          "jobDefinitionArn",
    "platformCapabilities", "propagateTags", "resourceRetentionPolicy"};
constexpr std::pair<std::string_view, std::string_view> kNotDefinitionFields[] = {
    {"command", "containerProperties"},
    {"script", "containerProperties"},
    {"environment", "containerProperties"},
    {"image", "containerProperties"},
    {"memory", "containerProperties"},
    {"resourceRequirements", "containerProperties"},
    {"vcpus", "containerProperties"},
    {"workingDirectory", "containerProperties"},
    {"attempts", "retryStrategy"},
    {"evaluateOnExit", "retryStrategy"},
    {"attemptDurationSeconds", "timeout"},
    {"gpus", "containerProperties"},
    {"numNodes", "nodeProperties"},
    {"mpiProperties", "nodeProperties"},
    {"maxConcurrent", "arrayProperties of a job"},
    {"maxFailures", "arrayProperties of a job, or the plan"},
    {"schedulingPriorityOverride", "a job"},
    {"shareIdentifier", "a job"},
};

Parameters read_parameters(const JsonValue& value, const Path& path, const Report& report) {
  Parameters parameters;
  const auto* object = value.as<JsonObject>();
  if (!object) {
    report.add(path, "must be an object of names and values, not " + std::string(kind_name(value)));
    return parameters;
  }
  for (const auto& [name, field] : *object) {
    const Path place = path.field(name);
    // Attempts get parameters as environment variables, too.
    if (const auto fault = column_name_fault(name)) report.add(place, "the name " + *fault);
    if (auto text = read_text(field, place, report)) parameters.emplace_back(name, *text);
  }
  return parameters;
}

}  // namespace

void check_tags(const JsonValue& object, const Path& path, const Report& report) {
  const JsonValue* value = object.find("tags");
  if (!value) return;
  const Path place = path.field("tags");
  const auto* tags = value->as<JsonObject>();
  if (!tags) {
    report.add(place, "must be an object of strings, not " + std::string(kind_name(*value)));
    return;
  }
  if (tags->size() > 50) report.add(place, "has more than 50 tags");
  for (const auto& [name, field] : *tags) {
    if (name.empty() || name.size() > 128)
      report.add(place.field(name), "a tag's name has 1 to 128 characters");
    const auto text = read_string(field, place.field(name), report);
    if (text && text->size() > 256)
      report.add(place.field(name), "a tag's value has at most 256 characters");
  }
}

// What runs: a container, or nodes; `type` says which.
void DefinitionReader::read_type(const JsonValue& value, const Path& path,
                                 DefinitionFields& fields) const {
  static constexpr std::string_view kTypes[] = {"container", "multinode"};
  const JsonValue* type = value.find("type");
  const JsonValue* container = value.find("containerProperties");
  const JsonValue* nodes = value.find("nodeProperties");
  const auto word = type ? read_word(*type, path.field("type"), kTypes, report) : std::nullopt;
  const bool multinode = word == 1;
  if (container)
    fields.container = read_container(*container, path.field("containerProperties"),
                                      ContainerKind::Properties, report);
  if (nodes) fields.nodes = read_node_properties(*nodes, path.field("nodeProperties"), report);
  if (fields.nodes && fields.nodes->mpi) notices.mpi_properties();
  fields.nodes_are_bad = nodes && !fields.nodes;
  if (type && !word) return;
  if (multinode && !nodes)
    report.add(path, "'nodeProperties' is missing: a multinode job needs it");
  if (multinode && container)
    report.add(path.field("containerProperties"),
               "is of a container job: a multinode job has its containers in nodeProperties");
  if (nodes && !multinode)
    report.add(path.field("nodeProperties"),
               "is of a multinode job: write \"type\": \"multinode\"");
}

DefinitionFields DefinitionReader::read(const JsonValue& value, const Path& path) const {
  DefinitionFields fields;
  read_type(value, path, fields);
  if (const JsonValue* parameters = value.find("parameters"))
    fields.parameters = read_parameters(*parameters, path.field("parameters"), report);
  if (const JsonValue* retry = value.find("retryStrategy"))
    fields.retry = read_retry_strategy(*retry, path.field("retryStrategy"), report);
  if (const JsonValue* timeout = value.find("timeout"))
    fields.timeout = read_timeout(*timeout, path.field("timeout"), report);
  if (const JsonValue* keep = value.find("keepTmp"))
    fields.keep_tmp = read_bool(*keep, path.field("keepTmp"), report);
  if (const JsonValue* most = value.find("maxLogMiB"))
    if (const auto mib = read_integer(*most, path.field("maxLogMiB"), {1, kLogMibMax}, report))
      fields.log_bytes_max = static_cast<std::uint64_t>(*mib) << 20;
  if (const JsonValue* files = value.find("logFiles"))
    fields.log_files = read_log_files(*files, path.field("logFiles"), report);
  if (const JsonValue* priority = value.find("schedulingPriority"))
    fields.priority = read_priority(*priority, path.field("schedulingPriority"), report);
  if (const JsonValue* constraints = value.find("constraints"))
    fields.constraints = read_features(*constraints, path.field("constraints"), report);
  if (const JsonValue* uses = value.find("consumableResourceProperties"))
    fields.consumables =
        consumables.read_uses(*uses, path.field("consumableResourceProperties"), report);
  if (const JsonValue* expected = value.find("expectedSeconds"))
    fields.expected = read_expectation(*expected, path.field("expectedSeconds"), report);
  if (const JsonValue* delay = value.find("notBeforeSeconds"))
    fields.not_before = read_not_before(*delay, path.field("notBeforeSeconds"), report);
  if (const JsonValue* checkpoint = value.find("checkpoint")) {
    check_checkpoint(*checkpoint, path.field("checkpoint"), report);
    notices.checkpoint();
  }
  if (const JsonValue* results = value.find("results")) {
    check_results(*results, path.field("results"), report);
    notices.results();
  }
  check_tags(value, path, report);
  return fields;
}

std::optional<std::uint32_t> read_priority(const JsonValue& value, const Path& path,
                                           const Report& report) {
  const auto number = read_integer(value, path, {0, model::kPriorityMax}, report);
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

void overlay(DefinitionFields& fields, const DefinitionFields& over) {
  overlay(fields.container, over.container);
  if (over.retry) fields.retry = over.retry;
  if (over.timeout) fields.timeout = over.timeout;
  if (over.keep_tmp) fields.keep_tmp = over.keep_tmp;
  if (over.log_bytes_max) fields.log_bytes_max = over.log_bytes_max;
  if (over.log_files) fields.log_files = over.log_files;
  if (over.priority) fields.priority = over.priority;
  if (over.constraints) fields.constraints = over.constraints;
  if (over.consumables) fields.consumables = over.consumables;
  if (over.expected) fields.expected = over.expected;
  if (over.not_before) fields.not_before = over.not_before;
  if (over.nodes) fields.nodes = over.nodes;
  fields.nodes_are_bad = fields.nodes_are_bad || over.nodes_are_bad;
  overlay(fields.parameters, over.parameters);
}

void Definitions::read(const JsonValue& value, const Path& path, const DefinitionReader& reader) {
  const JsonArray* array = read_array(value, path, reader.report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), reader);
}

void Definitions::read_one(const JsonValue& value, const Path& path,
                           const DefinitionReader& reader) {
  static constexpr std::string_view kStates[] = {"ACTIVE", "INACTIVE"};
  const Report& report = reader.report;
  if (!read_object(value, path, {kDefinitionFields, kRefusedDefinitionFields, kNotDefinitionFields},
                   report))
    return;
  const DefinitionFields fields = reader.read(value, path);
  const JsonValue* status = value.find("status");
  const bool active = !status || read_word(*status, path.field("status"), kStates, report) != 1;
  const JsonValue* name = require_field(value, "jobDefinitionName", path, report);
  const JsonValue* revision = value.find("revision");
  const auto text =
      name ? read_string(*name, path.field("jobDefinitionName"), report) : std::nullopt;
  const auto number =
      revision ? read_integer(*revision, path.field("revision"), {1, INT32_MAX}, report) : 1;
  if (!text || !number) return;
  if (auto fault = resource_name_fault(*text))
    report.add(path.field("jobDefinitionName"), std::move(*fault));
  const auto [entry, added] =
      by_name_[*text].try_emplace(*number, Entry{{*text, fields}, path.text(), active});
  if (!added)
    report.add(path.field("jobDefinitionName"), "job definition '" + *text + ":" +
                                                    std::to_string(*number) +
                                                    "' is there twice, see " + entry->second.where +
                                                    ": give each a 'revision' of its own");
}

const Definition* Definitions::find(const std::string& reference, const Path& path,
                                    const Report& report) const {
  if (reference.starts_with("arn:")) {
    report.add(path, "an ARN is not supported yet: write name or name:revision");
    return nullptr;
  }
  const std::size_t colon = reference.find(':');
  const std::string name = reference.substr(0, colon);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    report.add_unknown(path, "job definition", name, [&] {
      std::vector<std::string> known;
      for (const auto& entry : by_name_) known.push_back(entry.first);
      return known;
    });
    return nullptr;
  }
  const auto& revisions = found->second;
  if (colon == std::string::npos) {
    for (auto entry = revisions.rbegin(); entry != revisions.rend(); ++entry)
      if (entry->second.active) return &entry->second.definition;
    report_inactive(name, revisions.rbegin()->second, path, report);
    return nullptr;
  }
  const std::string wanted = reference.substr(colon + 1);
  std::vector<std::string> known;
  for (const auto& [number, entry] : revisions) {
    known.push_back(std::to_string(number));
    if (known.back() != wanted) continue;
    if (entry.active) return &entry.definition;
    report_inactive(reference, entry, path, report);
    return nullptr;
  }
  report.add(path, "job definition '" + name + "' has no revision '" + wanted +
                       "'; known: " + join_some(known));
  return nullptr;
}

void Definitions::report_inactive(const std::string& reference, const Entry& entry,
                                  const Path& path, const Report& report) {
  report.add(path, "JobDefinition name " + reference +
                       " does not exist or is not in ACTIVE status; see " + entry.where);
}

}  // namespace mpibatch::plan
