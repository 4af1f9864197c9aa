#include "plan/environments.hpp"

#include <algorithm>

#include <mpibatch/model/feature.hpp>

#include "plan/definition.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

// Either in the environment itself or, as AWS has it, in its computeResources.
void read_vcpus(const JsonValue& value, const Path& path, model::ComputeEnvironment& environment,
                const Report& report) {
  // A bound of 0 would be none.
  if (const JsonValue* least = value.find("minvCpus"))
    if (const auto count = read_integer(*least, path.field("minvCpus"), {0, INT32_MAX}, report))
      environment.min_vcpus = static_cast<std::uint32_t>(*count);
  if (const JsonValue* most = value.find("maxvCpus"))
    if (const auto count = read_integer(*most, path.field("maxvCpus"), {1, INT32_MAX}, report))
      environment.max_vcpus = static_cast<std::uint32_t>(*count);
}

void read_resources(const JsonValue& value, const Path& path,
                    model::ComputeEnvironment& environment, const Report& report) {
  static constexpr std::string_view kSupported[] = {"minvCpus", "maxvCpus", "type"};
  static constexpr std::string_view kRefused[] = {"allocationStrategy",
                                                  "bidPercentage",
                                                  "desiredvCpus",
                                                  "ec2Configuration",
                                                  "ec2KeyPair",
                                                  "imageId",
                                                  "instanceRole",
                                                  "instanceTypes",
                                                  "launchTemplate",
                                                  "placementGroup",
                                                  "securityGroupIds",
                                                  "spotIamFleetRole",
                                                  "subnets",
                                                  "scalingPolicy",
                                                  "tags"};
  if (!read_object(value, path, {kSupported, kRefused, {}}, report)) return;
  if (const JsonValue* type = value.find("type")) read_string(*type, path.field("type"), report);
  read_vcpus(value, path, environment, report);
}

void read_nodes(const JsonValue& value, const Path& path, model::ComputeEnvironment& environment,
                const Report& report) {
  static constexpr std::string_view kSupported[] = {"names", "features"};
  if (!read_object(value, path, {kSupported, {}, {}}, report)) return;
  if (const JsonValue* names = value.find("names")) {
    const Path place = path.field("names");
    environment.hosts = read_strings(*names, place, report);
    const auto* array = names->as<JsonArray>();
    // No name at all would mean all nodes.
    if (array && array->empty()) report.add(place, "is empty: leave it out for nodes of any name");
    for (std::size_t i = 0; i < environment.hosts.size(); ++i)
      if (auto fault = model::host_pattern_fault(environment.hosts[i]); !fault.empty())
        report.add(place, "'" + environment.hosts[i] + "': " + fault);
  }
  if (const JsonValue* features = value.find("features"))
    environment.features = read_features(*features, path.field("features"), report);
}

}  // namespace

std::vector<std::string> read_features(const JsonValue& value, const Path& path,
                                       const Report& report) {
  std::vector<std::string> features = read_strings(value, path, report);
  for (const std::string& feature : features)
    if (auto fault = model::feature_wish_fault(feature); !fault.empty())
      report.add(path, "'" + feature + "': " + fault);
  return features;
}

void Environments::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Environments::read_one(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kSupported[] = {"computeEnvironmentName",
                                                    "type",
                                                    "state",
                                                    "computeResources",
                                                    "nodes",
                                                    "minvCpus",
                                                    "maxvCpus",
                                                    "tags"};
  static constexpr std::string_view kRefused[] = {"computeEnvironmentArn",
                                                  "containerOrchestrationType",
                                                  "context",
                                                  "ecsClusterArn",
                                                  "eksConfiguration",
                                                  "serviceRole",
                                                  "status",
                                                  "statusReason",
                                                  "unmanagedvCpus",
                                                  "updatePolicy",
                                                  "uuid"};
  static constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
      {"names", "nodes"}, {"features", "nodes"}};
  static constexpr std::string_view kTypes[] = {"MANAGED", "UNMANAGED"};
  static constexpr std::string_view kStates[] = {"ENABLED", "DISABLED"};
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return;
  check_tags(value, path, report);
  model::ComputeEnvironment environment;
  if (const JsonValue* type = value.find("type"))
    read_word(*type, path.field("type"), kTypes, report);
  if (const JsonValue* state = value.find("state"))
    environment.enabled = read_word(*state, path.field("state"), kStates, report) != 1;
  if (const JsonValue* resources = value.find("computeResources")) {
    read_resources(*resources, path.field("computeResources"), environment, report);
    for (const std::string_view twice : {"minvCpus", "maxvCpus"})
      if (value.find(twice) && resources->find(twice))
        report.add(path.field(twice), "is given twice: in computeResources, too");
  }
  read_vcpus(value, path, environment, report);
  if (environment.max_vcpus > 0 && environment.min_vcpus > environment.max_vcpus)
    report.add(path, "minvCpus is more than maxvCpus");
  if (const JsonValue* nodes = value.find("nodes"))
    read_nodes(*nodes, path.field("nodes"), environment, report);
  const JsonValue* name = require_field(value, "computeEnvironmentName", path, report);
  const Path place = path.field("computeEnvironmentName");
  const auto text = name ? read_string(*name, place, report) : std::nullopt;
  if (!text) return;
  if (auto fault = resource_name_fault(*text)) report.add(place, std::move(*fault));
  const bool twice = std::any_of(environments_.begin(), environments_.end(),
                                 [&](const auto& other) { return other.name == *text; });
  if (twice) {
    report.add(place, "compute environment '" + *text + "' is there twice");
    return;
  }
  environment.name = *text;
  environments_.push_back(std::move(environment));
}

std::optional<std::uint32_t> Environments::find(const std::string& name, const Path& path,
                                                const Report& report) const {
  for (std::size_t i = 0; i < environments_.size(); ++i)
    if (environments_[i].name == name) return static_cast<std::uint32_t>(i);
  report.add_unknown(path, "compute environment", name, [&] { return names_of(environments_); });
  return std::nullopt;
}

}  // namespace mpibatch::plan
