#include "plan/definition.hpp"

#include <algorithm>

#include "plan/names.hpp"
#include "plan/retry.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kSupported[] = {
    "jobDefinitionName", "revision",      "type", "containerProperties", "parameters", "timeout",
    "keepTmp",           "retryStrategy", "tags"};
constexpr std::string_view kRefused[] = {"nodeProperties",
                                         "checkpoint",
                                         "constraints",
                                         "consumableResourceProperties",
                                         "containerRuntime",
                                         "ecsProperties",
                                         "eksProperties",
                                         "expectedSeconds",
                                         "jobDefinitionArn",
                                         "maxFailures",
                                         "notBeforeSeconds",
                                         "platformCapabilities",
                                         "propagateTags",
                                         "resourceRetentionPolicy",
                                         "results",
                                         "schedulingPriority",
                                         "status"};
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"command", "containerProperties"},     {"script", "containerProperties"},
    {"environment", "containerProperties"}, {"image", "containerProperties"},
    {"memory", "containerProperties"},      {"resourceRequirements", "containerProperties"},
    {"vcpus", "containerProperties"},       {"workingDirectory", "containerProperties"},
    {"attempts", "retryStrategy"},          {"evaluateOnExit", "retryStrategy"},
    {"attemptDurationSeconds", "timeout"},
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

std::optional<Duration> read_timeout(const JsonValue& value, const Path& path,
                                     const Report& report) {
  static constexpr std::string_view kFields[] = {"attemptDurationSeconds"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return std::nullopt;
  const JsonValue* seconds = require_field(value, kFields[0], path, report);
  if (!seconds) return std::nullopt;
  const auto amount = read_integer(*seconds, path.field(kFields[0]), {1, INT32_MAX}, report);
  if (!amount) return std::nullopt;
  return std::chrono::seconds(*amount);
}

void check_type(const JsonValue& value, const Path& path, const Report& report) {
  const auto type = read_string(value, path, report);
  if (!type || *type == "container") return;
  if (*type == "multinode")
    report.add(path, "'multinode' is not supported yet");
  else
    report.add(path, "'" + *type + "' must be 'container'");
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

DefinitionFields read_definition_fields(const JsonValue& value, const Path& path,
                                        const Report& report) {
  DefinitionFields fields;
  if (const JsonValue* type = value.find("type")) check_type(*type, path.field("type"), report);
  if (const JsonValue* container = value.find("containerProperties"))
    fields.container = read_container(*container, path.field("containerProperties"),
                                      ContainerKind::Properties, report);
  if (const JsonValue* parameters = value.find("parameters"))
    fields.parameters = read_parameters(*parameters, path.field("parameters"), report);
  if (const JsonValue* retry = value.find("retryStrategy"))
    fields.retry = read_retry_strategy(*retry, path.field("retryStrategy"), report);
  if (const JsonValue* timeout = value.find("timeout"))
    fields.timeout = read_timeout(*timeout, path.field("timeout"), report);
  if (const JsonValue* keep = value.find("keepTmp"))
    fields.keep_tmp = read_bool(*keep, path.field("keepTmp"), report);
  check_tags(value, path, report);
  return fields;
}

void overlay(DefinitionFields& fields, const DefinitionFields& over) {
  overlay(fields.container, over.container);
  if (over.retry) fields.retry = over.retry;
  if (over.timeout) fields.timeout = over.timeout;
  if (over.keep_tmp) fields.keep_tmp = over.keep_tmp;
  for (const auto& [name, value] : over.parameters) {
    const auto found = std::find_if(fields.parameters.begin(), fields.parameters.end(),
                                    [&](const auto& other) { return other.first == name; });
    if (found == fields.parameters.end())
      fields.parameters.emplace_back(name, value);
    else
      found->second = value;
  }
}

void Definitions::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Definitions::read_one(const JsonValue& value, const Path& path, const Report& report) {
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return;
  const DefinitionFields fields = read_definition_fields(value, path, report);
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
      by_name_[*text].try_emplace(*number, Entry{{*text, fields}, path.text()});
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
    std::vector<std::string> known;
    for (const auto& entry : by_name_) known.push_back(entry.first);
    report.add(path, "job definition '" + name + "' is unknown" + known_names(name, known));
    return nullptr;
  }
  const auto& revisions = found->second;
  if (colon == std::string::npos) return &revisions.rbegin()->second.definition;
  const std::string wanted = reference.substr(colon + 1);
  std::vector<std::string> known;
  for (const auto& [number, entry] : revisions) {
    known.push_back(std::to_string(number));
    if (known.back() == wanted) return &entry.definition;
  }
  report.add(path, "job definition '" + name + "' has no revision '" + wanted +
                       "'; known: " + join_some(known));
  return nullptr;
}

}  // namespace mpibatch::plan
