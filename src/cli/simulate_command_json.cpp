// What `mpibatch simulate` tells programs.
#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/simulate_command.hpp"

namespace mpibatch::cli {

namespace {

using nlohmann::json;

json distribution_of(const sim::Distribution& distribution) {
  return {{"mean", distribution.mean},
          {"median", distribution.median},
          {"p95", distribution.p95},
          {"max", distribution.max}};
}

json queue_of(const sim::QueueReport& queue) {
  return {{"jobQueue", queue.name},
          {"tasks", queue.waiting.count},
          {"waitingSeconds", distribution_of(queue.waiting)},
          {"boundedSlowdown", distribution_of(queue.slowdown)}};
}

json step_of(const model::Plan& plan, const sim::PathStep& step) {
  const model::PlannedJob& job = plan.jobs[step.job];
  json value{{"jobName", job.spec.name},
             {"startSeconds", in_seconds(step.start)},
             {"seconds", in_seconds(step.takes)}};
  if (step.child) {
    value["index"] = *step.child;
    value["key"] = model::key_of(job, *step.child);
  }
  return value;
}

json summary_of(const sim::Report& report) {
  const auto of = [&](model::ChildState state) { return report.counts[state]; };
  return {{"total", report.counts.total()},
          {"succeeded", of(model::ChildState::Succeeded)},
          {"skipped", of(model::ChildState::Skipped)},
          {"failed", report.counts.terminal() - report.counts.good()},
          {"notEnded", report.counts.total() - report.counts.terminal()}};
}

json numbers_of(const Simulated& simulated) {
  const sim::Report& report = simulated.report;
  return {{"nodes", simulated.nodes},
          {"vcpus", simulated.vcpus},
          {"fits", report.fits},
          {"makespanSeconds", in_seconds(report.makespan)},
          {"lowerBoundSeconds", in_seconds(report.bound.value())},
          {"criticalPathSeconds", in_seconds(report.bound.critical_path)},
          {"workSeconds", in_seconds(report.bound.work)},
          {"utilisation", report.utilisation},
          {"boundedSlowdown", report.all.slowdown.mean},
          {"waitingSeconds", distribution_of(report.all.waiting)},
          {"tasks", summary_of(report)},
          {"attempts", report.attempts},
          {"attemptsLost", report.attempts_lost},
          {"nodesLost", report.nodes_lost},
          {"reasons", report.reasons},
          {"elapsedSeconds", in_seconds(simulated.elapsed)}};
}

}  // namespace

std::string simulate_json(const std::string& source, const model::Plan& plan,
                          const Simulated& simulated) {
  const sim::Report& report = simulated.report;
  json value = numbers_of(simulated);
  value["plan"] = source;
  if (simulated.walltime) value["walltimeSeconds"] = in_seconds(*simulated.walltime);
  value["notes"] = report.notes;
  value["queues"] = json::array();
  for (const sim::QueueReport& queue : report.queues) value["queues"].push_back(queue_of(queue));
  value["criticalPath"] = json::array();
  for (const sim::PathStep& step : report.bound.path)
    value["criticalPath"].push_back(step_of(plan, step));
  value["load"] = {{"stepSeconds", in_seconds(report.load.step)},
                   {"busyVcpus", report.load.busy},
                   {"vcpus", report.load.capacity}};
  return indented_json(value);
}

std::string sweep_json(const std::string& source, const std::vector<Simulated>& sweep) {
  json value{{"plan", source}, {"sweep", json::array()}};
  const Simulated* first = nullptr;
  for (const Simulated& one : sweep) {
    json numbers = numbers_of(one);
    if (one.report.fits) {
      if (first == nullptr) first = &one;
      numbers["efficiency"] = sweep_efficiency(*first, one);
    }
    value["sweep"].push_back(std::move(numbers));
  }
  return indented_json(value);
}

}  // namespace mpibatch::cli
