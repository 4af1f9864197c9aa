#include "plan/plan_file.hpp"

#include "plan/array.hpp"
#include "plan/definition.hpp"
#include "plan/dependencies.hpp"
#include "plan/job.hpp"
#include "plan/json.hpp"
#include "plan/queues.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kPlanFields[] = {
    "computeEnvironments", "jobQueues", "schedulingPolicies", "consumableResources",
    "jobDefinitions",      "jobs",      "maxFailures"};
constexpr std::pair<std::string_view, std::string_view> kNotPlanFields[] = {
    {"results", "a job or its definition"}};

// A bound on what reading a plan may take.
constexpr std::uint64_t kPlanChildrenMax = 100'000'000;

void read_jobs(const JsonValue& value, const Path& path, const JobReader& reader,
               model::Plan& plan) {
  const JsonArray* jobs = read_array(value, path, reader.report);
  if (!jobs) return;
  if (jobs->empty()) reader.report.add(path, "is empty: there is nothing to run");
  plan.jobs.reserve(jobs->size());
  std::uint64_t children = 0;
  for (std::size_t i = 0; i < jobs->size(); ++i) {
    plan.jobs.push_back(reader.read((*jobs)[i], path.item(i)));
    children += plan.jobs.back().spec.size;
    if (children <= kPlanChildrenMax) continue;
    reader.report.add(path, "have more than " + std::to_string(kPlanChildrenMax) +
                                " children in all: make several plans of it");
    return;
  }
  resolve_dependencies(*jobs, path, plan, reader.report);
}

}  // namespace

model::Plan read_plan(const JsonValue& root, const std::string& folder, Sources& sources,
                      Notices& notices, const Report& report) {
  model::Plan plan;
  const Path top;
  if (!read_object(root, top, {kPlanFields, {}, kNotPlanFields}, report)) return plan;

  Environments environments;
  if (const JsonValue* value = root.find("computeEnvironments"))
    environments.read(*value, top.field("computeEnvironments"), report);
  Policies policies;
  if (const JsonValue* value = root.find("schedulingPolicies"))
    policies.read(*value, top.field("schedulingPolicies"), report);
  Consumables consumables;
  if (const JsonValue* value = root.find("consumableResources"))
    consumables.read(*value, top.field("consumableResources"), report);
  if (const JsonValue* value = root.find("maxFailures"))
    if (const auto most = read_integer(*value, top.field("maxFailures"), {}, report))
      plan.rules.max_failures = static_cast<std::uint64_t>(*most);
  Queues queues(environments, policies);
  if (const JsonValue* value = root.find("jobQueues"))
    queues.read(*value, top.field("jobQueues"), report);
  Definitions definitions;
  const DefinitionReader definition_reader{consumables, notices, report};
  if (const JsonValue* value = root.find("jobDefinitions"))
    definitions.read(*value, top.field("jobDefinitions"), definition_reader);
  SheetReader sheets(sources, folder);
  const JobReader reader{definitions, definition_reader, queues, sheets, report};
  if (const JsonValue* value = require_field(root, "jobs", top, report))
    read_jobs(*value, top.field("jobs"), reader, plan);
  plan.rules.queues = queues.all();
  plan.rules.environments = environments.all();
  plan.rules.policies = policies.all();
  plan.rules.consumables = consumables.all();
  return plan;
}

}  // namespace mpibatch::plan
