#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

using nlohmann::json;

json summary_of(const StatusCounts& counts) {
  auto summary = json::object();
  for (int i = 0; i < model::kJobStatuses; ++i)
    summary[std::string(model::to_string(static_cast<model::JobStatus>(i)))] =
        counts[static_cast<std::size_t>(i)];
  return summary;
}

json of_optional(std::optional<double> value) { return value ? json(*value) : json(nullptr); }

json percentiles_of(const Percentiles& of, double unit) {
  if (of.count == 0) return {{"attempts", 0}, {"p50", nullptr}, {"p95", nullptr}, {"max", nullptr}};
  const auto value = [&](std::uint64_t number) { return static_cast<double>(number) / unit; };
  return {{"attempts", of.count},
          {"p50", value(of.p50)},
          {"p95", value(of.p95)},
          {"max", value(of.max)}};
}

json usage_of(const JobUsage& usage, const Asked& asked) {
  auto advice = json::array();
  for (const Advice& one : advise(usage, asked))
    advice.push_back({{"type", one.resource == Advice::Resource::Memory ? "MEMORY" : "VCPU"},
                      {"ask", one.ask},
                      {"text", one.text}});
  return {{"attempts", usage.attempts},
          {"attemptsSucceeded", usage.succeeded},
          {"attemptsKilledForMemory", usage.killed_for_memory},
          {"wallSeconds", percentiles_of(usage.wall_us, 1e6)},
          {"wallSecondsTotal", usage.wall_seconds},
          {"cpuSecondsTotal", usage.cpu_seconds},
          {"cpuEfficiency", of_optional(usage.cpu_efficiency())},
          {"memoryMiB", percentiles_of(usage.memory_kib, 1024)},
          {"memoryMiBAsked",
           asked.resources.memory_mib == 0 ? json(nullptr) : json(asked.resources.memory_mib)},
          {"vcpus", percentiles_of(usage.vcpus_thousands, 1000)},
          {"vcpusUsed", of_optional(usage.vcpus_used())},
          {"vcpusAsked", asked.resources.vcpus},
          {"advice", std::move(advice)}};
}

json job_of(const JobView& job) {
  json value{{"jobName", job.name},
             {"jobQueue", job.queue},
             {"status", model::to_string(job.status)},
             {"statusReason", job.reason}};
  if (job.skipped > 0) value["skipped"] = job.skipped;
  if (job.array)
    value["arrayProperties"] = {{"size", job.size}, {"statusSummary", summary_of(job.counts)}};
  if (job.usage) value["usage"] = usage_of(*job.usage, job.asked);
  return value;
}

json jobs_of(const std::vector<JobView>& jobs) {
  auto list = json::array();
  for (const JobView& job : jobs) list.push_back(job_of(job));
  return list;
}

json node_of(const NodeLine& line) {
  json value{{"node", model::to_string(line.node.name)},
             {"host", line.node.name.host},
             {"share", line.node.name.share},
             {"present", line.node.present},
             {"vcpus", line.node.capacity.vcpus},
             {"memory", line.node.capacity.memory_mib},
             {"vcpusGranted", line.node.granted.vcpus}};
  if (line.lease_left) value["leaseAwaitedSeconds"] = in_seconds(*line.lease_left);
  return value;
}

}  // namespace

std::string status_json(const StatusView& view) {
  auto nodes = json::array();
  for (const NodeLine& line : view.nodes) nodes.push_back(node_of(line));
  return json_text(json{{"run", view.run},
                        {"stateFolder", view.state_folder},
                        {"planRevision", view.revision},
                        {"state", to_string(view.state)},
                        {"rank0",
                         {{"host", view.host},
                          {"pid", view.pid},
                          {"epoch", view.epoch},
                          {"alive", view.alive}}},
                        {"statusSummary", summary_of(status_counts(view.counts))},
                        {"requestsWaiting", view.requests},
                        {"skipped", view.counts[model::ChildState::Skipped]},
                        {"held", view.held},
                        {"unsatisfiable", view.unsatisfiable},
                        {"jobs", jobs_of(view.jobs)},
                        {"nodes", std::move(nodes)}},
                   2) +
         "\n";
}

std::string job_json(const JobView& job) { return json_text(job_of(job), -1); }

}  // namespace mpibatch::cli
