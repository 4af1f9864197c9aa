#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kDefinitionBytesMax = 200;  // of a log stream's name, as AWS Batch cuts it

// Texts come from plans and programs, and need not be UTF-8.
std::string dumped(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::int64_t milliseconds(Instant at) { return to_us(at) / 1000; }
double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

json summary_of(const StatusCounts& counts) {
  auto summary = json::object();
  for (int i = 0; i < model::kJobStatuses; ++i)
    summary[std::string(model::to_string(static_cast<model::JobStatus>(i)))] =
        counts[static_cast<std::size_t>(i)];
  return summary;
}

json job_of(const JobView& job) {
  json value{{"jobName", job.name},
             {"jobQueue", job.queue},
             {"status", model::to_string(job.status)},
             {"statusReason", job.reason}};
  if (job.skipped > 0) value["skipped"] = job.skipped;
  if (job.array)
    value["arrayProperties"] = {{"size", job.size}, {"statusSummary", summary_of(job.counts)}};
  return value;
}

json jobs_of(const std::vector<JobView>& jobs) {
  auto list = json::array();
  for (const JobView& job : jobs) list.push_back(job_of(job));
  return list;
}

std::string_view text_of(store::AttemptState state) {
  switch (state) {
    case store::AttemptState::Running:
      return "RUNNING";
    case store::AttemptState::Ended:
      return "ENDED";
    case store::AttemptState::NotReported:
      return "NOT_REPORTED";
  }
  return "UNKNOWN";
}

json attempt_of(const ChildView& child, const store::Attempt& attempt) {
  json container{{"logStreamName",
                  fmt::format("{}/default/{}", child.definition.substr(0, kDefinitionBytesMax),
                              model::to_string(attempt.execution))}};
  json value{{"attempt", attempt.attempt},
             {"node", model::to_string(attempt.node)},
             {"state", text_of(attempt.state)},
             {"startedAt", milliseconds(attempt.started_at)},
             {"cpus", attempt.cpus}};
  if (attempt.end) {
    const model::AttemptEnd& end = *attempt.end;
    container["exitCode"] = model::exit_code(end);
    if (!end.reason.empty()) container["reason"] = end.reason;
    value["stoppedAt"] = milliseconds(end.stopped_at);
    value["statusReason"] = model::status_reason(end);
    value["usage"] = {{"wallSeconds", seconds(end.usage.wall)},
                      {"userSeconds", seconds(end.usage.user)},
                      {"systemSeconds", seconds(end.usage.system)},
                      {"memoryMaxKiB", end.usage.memory_max_kib}};
  }
  value["container"] = std::move(container);
  return value;
}

json node_of(const NodeLine& line) {
  json value{{"node", model::to_string(line.node.name)},
             {"host", line.node.name.host},
             {"share", line.node.name.share},
             {"present", line.node.present},
             {"vcpus", line.node.capacity.vcpus},
             {"memory", line.node.capacity.memory_mib},
             {"vcpusGranted", line.node.granted.vcpus}};
  if (line.lease_left) value["leaseAwaitedSeconds"] = seconds(*line.lease_left);
  return value;
}

}  // namespace

std::string status_json(const StatusView& view) {
  auto nodes = json::array();
  for (const NodeLine& line : view.nodes) nodes.push_back(node_of(line));
  return dumped({{"run", view.run},
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

std::string jobs_json(const std::vector<JobView>& jobs) {
  return dumped({{"jobs", jobs_of(jobs)}}, 2) + "\n";
}

std::string child_json(const ChildView& child) {
  json value{{"jobName", child.job},
             {"status", model::to_string(child.status)},
             {"statusReason", child.reason}};
  if (child.array) {
    value["arrayProperties"] = {{"index", child.index}};
    value["index"] = child.index;
    value["key"] = child.key;
  }
  auto attempts = json::array();
  for (const store::Attempt& attempt : child.attempts)
    attempts.push_back(attempt_of(child, attempt));
  value["attempts"] = std::move(attempts);
  return dumped(value, -1);
}

}  // namespace mpibatch::cli
