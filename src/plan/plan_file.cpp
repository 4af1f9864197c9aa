#include "plan/plan_file.hpp"

#include "plan/array.hpp"
#include "plan/definition.hpp"
#include "plan/dependencies.hpp"
#include "plan/job.hpp"
#include "plan/json.hpp"
#include "plan/queues.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kSupported[] = {"jobQueues", "jobDefinitions", "jobs"};
constexpr std::string_view kRefused[] = {"computeEnvironments", "schedulingPolicies",
                                         "consumableResources", "maxFailures", "results"};

void read_jobs(const JsonValue& value, const Path& path, const JobReader& reader,
               model::Plan& plan) {
  const JsonArray* jobs = read_array(value, path, reader.report);
  if (!jobs) return;
  if (jobs->empty()) reader.report.add(path, "is empty: there is nothing to run");
  plan.jobs.reserve(jobs->size());
  for (std::size_t i = 0; i < jobs->size(); ++i)
    plan.jobs.push_back(reader.read((*jobs)[i], path.item(i)));
  resolve_dependencies(*jobs, path, plan, reader.report);
}

}  // namespace

model::Plan read_plan(const std::string& text, const std::string& folder, Sources& sources,
                      const Report& report) {
  model::Plan plan;
  const auto root = parse_json(text);
  if (!root) {
    for (const JsonError& error : root.error()) report.add(error.where, error.message);
    return plan;
  }
  const Path top;
  if (!read_object(*root, top, {kSupported, kRefused, {}}, report)) return plan;

  Queues queues;
  if (const JsonValue* value = root->find("jobQueues"))
    queues.read(*value, top.field("jobQueues"), report);
  Definitions definitions;
  if (const JsonValue* value = root->find("jobDefinitions"))
    definitions.read(*value, top.field("jobDefinitions"), report);
  SheetReader sheets(sources, folder);
  const JobReader reader{definitions, queues, sheets, report};
  if (const JsonValue* value = require_field(*root, "jobs", top, report))
    read_jobs(*value, top.field("jobs"), reader, plan);
  plan.rules.queues = queues.all();
  return plan;
}

}  // namespace mpibatch::plan
