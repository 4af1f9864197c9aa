#include "cli/views.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output.hpp"
#include "cli/table.hpp"

namespace mpibatch::cli {

namespace {

using model::JobStatus;

std::uint64_t of(const StatusCounts& counts, JobStatus status) {
  return counts[static_cast<std::size_t>(status)];
}

std::string nodes_text(const std::vector<NodeLine>& nodes) {
  Table table({{"NODE"},
               {"VCPUS", Align::Right},
               {"GRANTED", Align::Right},
               {"MEMORY", Align::Right},
               {"STATE"}});
  for (const NodeLine& line : nodes) {
    if (!line.node.present && !line.lease_left) continue;
    const std::string name = model::to_string(line.node.name);
    const std::uint64_t memory = line.node.capacity.memory_mib;
    const std::string state = !line.lease_left
                                  ? "joined"
                                  : fmt::format("no word from it: waiting {} s for node {}'s lease",
                                                line.lease_left->count() / 1'000'000, name);
    table.add({name, std::to_string(line.node.capacity.vcpus),
               std::to_string(line.node.granted.vcpus),
               memory == 0 ? "" : memory_text(memory * 1024), state});
  }
  return table.empty() ? "" : "\n" + table.text();
}

std::string state_line(const StatusView& view) {
  switch (view.state) {
    case RunState::Running:
      return fmt::format("RUNNING: {} (epoch {})", view.driver, view.epoch);
    case RunState::Interrupted:
      return fmt::format(
          "INTERRUPTED: {} (epoch {}); type its `mpibatch run` command again to go on", view.driver,
          view.epoch);
    case RunState::Held:
      return fmt::format("HELD: {} (epoch {}); all that is left is held, see below", view.driver,
                         view.epoch);
    case RunState::Finished:
      break;
  }
  const std::uint64_t failed = of(status_counts(view.counts), JobStatus::Failed);
  if (failed == 0)
    return fmt::format("FINISHED: {} succeeded", counted(view.counts.total(), "task"));
  return fmt::format("FINISHED: {} of {} failed; see `mpibatch logs --failed`", failed,
                     counted(view.counts.total(), "task"));
}

}  // namespace

StatusCounts status_counts(const scheduler::Counts& counts) {
  StatusCounts sum{};
  for (int i = 0; i < model::kChildStates; ++i) {
    const auto state = static_cast<model::ChildState>(i);
    sum[static_cast<std::size_t>(model::status_of(state))] += counts[state];
  }
  return sum;
}

std::vector<JobView> job_views(const scheduler::Scheduler& core) {
  std::vector<JobView> views;
  for (std::uint32_t number = 0; number < core.job_count(); ++number) {
    const model::JobId id{number};
    if (!core.in_plan(id)) continue;
    const model::JobSpec spec = core.spec(id);
    views.push_back({id,
                     spec.name,
                     core.rules().queues[spec.queue].name,
                     core.status(id),
                     core.status_reason(id),
                     spec.array,
                     spec.size,
                     status_counts(core.counts(id)),
                     core.counts(id)[model::ChildState::Skipped],
                     {spec.resources, spec.retry.memory_multiplier, spec.gang.has_value()},
                     {}});
  }
  return views;
}

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::Running:
      return "RUNNING";
    case RunState::Interrupted:
      return "INTERRUPTED";
    case RunState::Held:
      return "HELD";
    case RunState::Finished:
      return "FINISHED";
  }
  return "UNKNOWN";
}

std::string_view to_string(store::AttemptState state) {
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

std::string reason_text(const store::Attempt& attempt) {
  switch (attempt.state) {
    case store::AttemptState::Running:
      return "running";
    case store::AttemptState::NotReported:
      return "its end was lost with its node";
    case store::AttemptState::Ended:
      break;
  }
  if (attempt.end->succeeded()) return {};
  // What it was killed by is not why.
  if (attempt.end->kind == model::EndKind::TimedOut) return model::status_reason(*attempt.end);
  return attempt.end->reason.empty() ? model::status_reason(*attempt.end) : attempt.end->reason;
}

std::string exit_text(const store::Attempt& attempt) {
  return attempt.end ? std::to_string(model::exit_code(*attempt.end)) : "";
}

std::string status_text(const StatusView& view) {
  const StatusCounts counts = status_counts(view.counts);
  std::string text = fmt::format("run {} in {}, plan revision {}\n{}\n", view.run,
                                 view.state_folder, view.revision, state_line(view));
  text += fmt::format("tasks: {} pending, {} runnable, {} running, {} succeeded, {} failed\n",
                      of(counts, JobStatus::Pending), of(counts, JobStatus::Runnable),
                      of(counts, JobStatus::Running), of(counts, JobStatus::Succeeded),
                      of(counts, JobStatus::Failed));
  if (const auto skipped = view.counts[model::ChildState::Skipped])
    text += fmt::format("{} of those that succeeded {} skipped\n", skipped,
                        skipped == 1 ? "was" : "were");
  if (view.requests > 0)
    text += fmt::format("{} not answered yet\n", counted(view.requests, "request"));
  for (const std::string& line : view.held) text += line + "\n";
  for (const std::string& line : view.unsatisfiable) text += line + "\n";
  if (!view.jobs.empty()) text += "\n" + jobs_text(view.jobs);
  return text + (view.state == RunState::Running ? nodes_text(view.nodes) : "");
}

std::string jobs_text(const std::vector<JobView>& jobs) {
  Table table({{"JOB"},
               {"STATUS"},
               {"SIZE", Align::Right},
               {"PENDING", Align::Right},
               {"RUNNABLE", Align::Right},
               {"RUNNING", Align::Right},
               {"SUCCEEDED", Align::Right},
               {"FAILED", Align::Right},
               {"REASON"}});
  for (const JobView& job : jobs) {
    std::vector<std::string> cells{job.name, std::string(model::to_string(job.status)),
                                   job.array ? std::to_string(job.size) : ""};
    for (const JobStatus status : {JobStatus::Pending, JobStatus::Runnable, JobStatus::Running,
                                   JobStatus::Succeeded, JobStatus::Failed})
      cells.push_back(std::to_string(of(job.counts, status)));
    cells.push_back(job.reason);
    table.add(std::move(cells));
  }
  return table.text();
}

}  // namespace mpibatch::cli
