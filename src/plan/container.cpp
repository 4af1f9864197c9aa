#include "plan/container.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include <mpibatch/model/plan.hpp>

#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::int64_t kVcpusMax = INT32_MAX;
constexpr std::int64_t kGpusMax = 1024;

constexpr std::string_view kContainerFields[] = {
    "command", "script", "environment", "resourceRequirements",
    "vcpus",   "memory", "gpus",        "workingDirectory"};
constexpr std::string_view kRefused[] = {"image",
                                         "containerRuntime",
                                         "enableExecuteCommand",
                                         "ephemeralStorage",
                                         "executionRoleArn",
                                         "fargatePlatformConfiguration",
                                         "instanceType",
                                         "jobRoleArn",
                                         "linuxParameters",
                                         "logConfiguration",
                                         "mountPoints",
                                         "networkConfiguration",
                                         "privileged",
                                         "readonlyRootFilesystem",
                                         "repositoryCredentials",
                                         "runtimePlatform",
                                         "secrets",
                                         "ulimits",
                                         "user",
                                         "volumes"};
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"keepTmp", "the job or its definition"},       {"maxLogMiB", "the job or its definition"},
    {"logFiles", "the job or its definition"},      {"timeout", "the job or its definition"},
    {"retryStrategy", "the job or its definition"}, {"parameters", "the job or its definition"},
};

// Parameters reach a program as words of its command, or by the environment.
void refuse_references(const std::string& text, const Path& path, const Report& report) {
  if (!model::referenced_parameters(text).empty())
    report.add(path, "Ref:: is not supported here yet: it is replaced in 'command' only");
}

CommandField read_command(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  CommandField command{{}, false, path.text()};
  if (!array) return command;
  for (std::size_t i = 0; i < array->size(); ++i)
    if (auto word = read_string((*array)[i], path.item(i), report))
      command.words.push_back(std::move(*word));
  if (array->empty() || (command.words.size() == array->size() && command.words[0].empty()))
    report.add(path, "must begin with a program to run");
  return command;
}

CommandField read_script(const JsonValue& value, const Path& path, const Report& report) {
  auto script = read_string(value, path, report);
  if (!script) return {{}, true, path.text()};
  if (script->find_first_not_of(" \t\r\n") == std::string::npos)
    report.add(path, "is empty: nothing would run");
  return {{"bash", "-euo", "pipefail", "-c", std::move(*script)}, true, path.text()};
}

model::Environment read_environment(const JsonValue& value, const Path& path,
                                    const Report& report) {
  static constexpr std::string_view kFields[] = {"name", "value"};
  model::Environment environment;
  std::unordered_set<std::string> names;
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    const JsonValue& entry = (*array)[i];
    const Path place = path.item(i);
    if (!read_object(entry, place, {kFields, {}, {}}, report)) continue;
    const JsonValue* name = require_field(entry, "name", place, report);
    const JsonValue* text = require_field(entry, "value", place, report);
    const auto name_text = name ? read_string(*name, place.field("name"), report) : std::nullopt;
    auto value_text = text ? read_text(*text, place.field("value"), report) : std::nullopt;
    if (value_text) refuse_references(*value_text, place.field("value"), report);
    if (!name_text || !value_text) continue;
    if (auto fault = environment_name_fault(*name_text))
      report.add(place.field("name"), std::move(*fault));
    if (!names.insert(*name_text).second)
      report.add(place.field("name"), "'" + *name_text + "' is set twice");
    environment.emplace_back(*name_text, std::move(*value_text));
  }
  return environment;
}

// A resource by AWS's word for it, and by the field that says the same in short.
struct ResourceWord {
  std::string_view type;
  std::string_view field;
  Bounds bounds;
};
constexpr ResourceWord kResources[] = {{"VCPU", "vcpus", {1, kVcpusMax}},
                                       {"MEMORY", "memory", {kMemoryMin, kMemoryMax}},
                                       {"GPU", "gpus", {0, kGpusMax}}};
using Amounts = std::array<std::optional<std::int64_t>, std::size(kResources)>;

void read_requirement(const JsonValue& entry, const Path& path, Amounts& amounts,
                      const Report& report) {
  static constexpr std::string_view kFields[] = {"type", "value"};
  static constexpr std::string_view kTypes[] = {kResources[0].type, kResources[1].type,
                                                kResources[2].type};
  if (!read_object(entry, path, {kFields, {}, {}}, report)) return;
  const JsonValue* type = require_field(entry, "type", path, report);
  const JsonValue* value = require_field(entry, "value", path, report);
  const auto word = type ? read_word(*type, path.field("type"), kTypes, report) : std::nullopt;
  if (!word) return;
  if (amounts[*word]) {
    report.add(path, std::string(kTypes[*word]) + " is given twice");
    return;
  }
  if (value)
    amounts[*word] = read_quantity(*value, path.field("value"), kResources[*word].bounds, report);
}

void read_resources(const JsonValue& value, const Path& path, ContainerFields& fields,
                    const Report& report) {
  Amounts amounts;
  if (const JsonValue* list = value.find("resourceRequirements")) {
    const Path place = path.field("resourceRequirements");
    const JsonArray* array = read_array(*list, place, report);
    for (std::size_t i = 0; array && i < array->size(); ++i)
      read_requirement((*array)[i], place.item(i), amounts, report);
  }
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const JsonValue* amount = value.find(kResources[i].field);
    if (!amount) continue;
    const Path place = path.field(kResources[i].field);
    if (amounts[i]) report.add(place, "is given twice: in resourceRequirements, too");
    amounts[i] = read_integer(*amount, place, kResources[i].bounds, report);
  }
  if (amounts[0]) fields.vcpus = static_cast<std::uint32_t>(*amounts[0]);
  if (amounts[1]) fields.memory_mib = static_cast<std::uint64_t>(*amounts[1]);
  if (amounts[2]) fields.gpus = static_cast<std::uint32_t>(*amounts[2]);
}

}  // namespace

ContainerFields read_container(const JsonValue& value, const Path& path, ContainerKind kind,
                               const Report& report) {
  ContainerFields fields;
  if (!read_object(value, path, {kContainerFields, kRefused, kElsewhere}, report)) return fields;
  const JsonValue* command = value.find("command");
  const JsonValue* script = value.find("script");
  if (command && script)
    report.add(path.field("script"), "stands beside 'command': a job runs one of them");
  // An empty list in an override is AWS's way to say nothing.
  const auto* words = command ? command->as<JsonArray>() : nullptr;
  if (command && !(kind == ContainerKind::Overrides && words && words->empty()))
    fields.command = read_command(*command, path.field("command"), report);
  if (script) {
    CommandField read = read_script(*script, path.field("script"), report);
    if (!command) fields.command = std::move(read);
  }
  fields.environment_where = path.field("environment").text();
  if (const JsonValue* environment = value.find("environment"))
    fields.environment = read_environment(*environment, path.field("environment"), report);
  read_resources(value, path, fields, report);
  if (const JsonValue* folder = value.find("workingDirectory")) {
    const Path place = path.field("workingDirectory");
    fields.working_directory = read_string(*folder, place, report);
    if (fields.working_directory) {
      if (fields.working_directory->empty()) report.add(place, "must not be empty");
      refuse_references(*fields.working_directory, place, report);
    }
  }
  return fields;
}

model::Resources resources_of(const ContainerFields& fields) {
  return {fields.vcpus.value_or(1), fields.memory_mib.value_or(0), fields.gpus.value_or(0)};
}

void overlay(ContainerFields& fields, const ContainerFields& over) {
  if (over.command) fields.command = over.command;
  if (over.vcpus) fields.vcpus = over.vcpus;
  if (over.memory_mib) fields.memory_mib = over.memory_mib;
  if (over.gpus) fields.gpus = over.gpus;
  if (over.working_directory) fields.working_directory = over.working_directory;
  if (!over.environment) return;
  fields.environment_where = over.environment_where;
  if (!fields.environment) fields.environment.emplace();
  overlay(*fields.environment, *over.environment);
}

void overlay(std::vector<std::pair<std::string, std::string>>& values,
             const std::vector<std::pair<std::string, std::string>>& over) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < values.size() && !over.empty(); ++i)
    places.emplace(values[i].first, i);
  for (const auto& [name, value] : over) {
    const auto [place, added] = places.try_emplace(name, values.size());
    if (added)
      values.emplace_back(name, value);
    else
      values[place->second].second = value;
  }
}

}  // namespace mpibatch::plan
