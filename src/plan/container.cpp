#include "plan/container.hpp"

#include <algorithm>

#include <mpibatch/model/plan.hpp>

#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::int64_t kVcpusMax = INT32_MAX;
constexpr std::int64_t kMemoryMin = 4;  // as AWS has it
constexpr std::int64_t kMemoryMax = std::int64_t{1} << 50;

constexpr std::string_view kSupported[] = {
    "command", "script", "environment",     "resourceRequirements",
    "vcpus",   "memory", "workingDirectory"};
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
    {"keepTmp", "the job or its definition"},
    {"timeout", "the job or its definition"},
    {"retryStrategy", "the job or its definition"},
    {"parameters", "the job or its definition"},
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
    const bool twice = std::any_of(environment.begin(), environment.end(),
                                   [&](const auto& other) { return other.first == *name_text; });
    if (twice) report.add(place.field("name"), "'" + *name_text + "' is set twice");
    environment.emplace_back(*name_text, std::move(*value_text));
  }
  return environment;
}

void read_requirement(const JsonValue& entry, const Path& path, ContainerFields& fields,
                      const Report& report) {
  static constexpr std::string_view kFields[] = {"type", "value"};
  if (!read_object(entry, path, {kFields, {}, {}}, report)) return;
  const JsonValue* type = require_field(entry, "type", path, report);
  const JsonValue* value = require_field(entry, "value", path, report);
  const auto name = type ? read_string(*type, path.field("type"), report) : std::nullopt;
  if (!name) return;
  const bool vcpu = *name == "VCPU";
  if (!vcpu && *name != "MEMORY") {
    report.add(path.field("type"), *name == "GPU" ? "'GPU' is not supported yet"
                                                  : "'" + *name + "' must be VCPU or MEMORY");
    return;
  }
  if (vcpu ? fields.vcpus.has_value() : fields.memory_mib.has_value()) {
    report.add(path, *name + " is given twice");
    return;
  }
  const Bounds bounds = vcpu ? Bounds{1, kVcpusMax} : Bounds{kMemoryMin, kMemoryMax};
  const auto amount =
      value ? read_quantity(*value, path.field("value"), bounds, report) : std::nullopt;
  if (!amount) return;
  if (vcpu)
    fields.vcpus = static_cast<std::uint32_t>(*amount);
  else
    fields.memory_mib = static_cast<std::uint64_t>(*amount);
}

void read_resources(const JsonValue& value, const Path& path, ContainerFields& fields,
                    const Report& report) {
  if (const JsonValue* list = value.find("resourceRequirements")) {
    const Path place = path.field("resourceRequirements");
    const JsonArray* array = read_array(*list, place, report);
    for (std::size_t i = 0; array && i < array->size(); ++i)
      read_requirement((*array)[i], place.item(i), fields, report);
  }
  if (const JsonValue* vcpus = value.find("vcpus")) {
    const Path place = path.field("vcpus");
    if (fields.vcpus) report.add(place, "is given twice: in resourceRequirements, too");
    if (const auto amount = read_integer(*vcpus, place, {1, kVcpusMax}, report))
      fields.vcpus = static_cast<std::uint32_t>(*amount);
  }
  if (const JsonValue* memory = value.find("memory")) {
    const Path place = path.field("memory");
    if (fields.memory_mib) report.add(place, "is given twice: in resourceRequirements, too");
    if (const auto amount = read_integer(*memory, place, {kMemoryMin, kMemoryMax}, report))
      fields.memory_mib = static_cast<std::uint64_t>(*amount);
  }
}

}  // namespace

ContainerFields read_container(const JsonValue& value, const Path& path, ContainerKind kind,
                               const Report& report) {
  ContainerFields fields;
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return fields;
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

void overlay(ContainerFields& fields, const ContainerFields& over) {
  if (over.command) fields.command = over.command;
  if (over.vcpus) fields.vcpus = over.vcpus;
  if (over.memory_mib) fields.memory_mib = over.memory_mib;
  if (over.working_directory) fields.working_directory = over.working_directory;
  if (!over.environment) return;
  if (!fields.environment) fields.environment.emplace();
  for (const auto& [name, value] : *over.environment) {
    const auto found = std::find_if(fields.environment->begin(), fields.environment->end(),
                                    [&](const auto& other) { return other.first == name; });
    if (found == fields.environment->end())
      fields.environment->emplace_back(name, value);
    else
      found->second = value;
  }
}

}  // namespace mpibatch::plan
