// What the reading commands show, as values, as text, as JSON with AWS Batch's names and as
// CSV.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/state.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/store/attempts.hpp>

#include "cli/usage_advice.hpp"
#include "cli/usage_statistics.hpp"

namespace mpibatch::cli {

using StatusCounts = std::array<std::uint64_t, model::kJobStatuses>;
StatusCounts status_counts(const scheduler::Counts& counts);

struct JobView {
  model::JobId id{};
  std::string name;
  std::string queue;
  model::JobStatus status = model::JobStatus::Pending;
  std::string reason;
  bool array = false;
  model::ChildIndex size = 1;
  StatusCounts counts{};
  std::uint64_t skipped = 0;  // of those that SUCCEEDED
  Asked asked;
  std::optional<JobUsage> usage;  // none: nobody asked
};
// The jobs of the plan.
std::vector<JobView> job_views(const scheduler::Scheduler& core);

struct NodeLine {
  scheduler::NodeView node;
  std::optional<Duration> lease_left;  // its lease may hold this long yet, and is waited for
};

enum class RunState { Running, Interrupted, Held, Finished };  // Held: only a user lets it go on
std::string_view to_string(RunState state);

struct StatusView {
  std::string run;
  std::string state_folder;
  std::uint32_t revision = 0;
  RunState state = RunState::Interrupted;
  std::string driver;  // who rank 0 is or was
  std::string host;
  std::int64_t pid = 0;
  std::uint32_t epoch = 0;
  bool alive = false;
  scheduler::Counts counts;
  std::vector<JobView> jobs;
  std::vector<NodeLine> nodes;
  std::vector<std::string> unsatisfiable;
  std::vector<std::string> held;  // a line each: what, by whom, and how to release it
  std::size_t requests = 0;       // in the inbox, not answered yet
};

// A child of an array, or a job that is none.
struct ChildView {
  model::JobId id{};
  std::string job;
  std::string definition;
  bool array = false;
  model::ChildIndex index = 0;
  std::string key;
  model::JobStatus status = model::JobStatus::Pending;
  std::string reason;
  std::uint32_t vcpus = 1;  // that it asks for
  std::vector<store::Attempt> attempts;
};

std::string_view to_string(store::AttemptState state);  // "NOT_REPORTED"
// container.reason, or what AWS Batch's statusReason says; empty where it succeeded.
std::string reason_text(const store::Attempt& attempt);
std::string exit_text(const store::Attempt& attempt);

std::string status_text(const StatusView& view);
std::string jobs_text(const std::vector<JobView>& jobs);
std::string jobs_usage_text(const std::vector<JobView>& jobs);  // and what to ask for instead
std::string children_text(const std::vector<ChildView>& children);
std::string attempts_usage_text(const std::vector<ChildView>& children);

std::string status_json(const StatusView& view);
// One object each, without a line's end.
std::string job_json(const JobView& job);
void add_child_json(std::string& to, const ChildView& child);

// A line of titles, then one a job; the columns of usage only where it is wanted.
void add_jobs_csv_header(std::string& to, bool usage);
void add_job_csv(std::string& to, const JobView& job);
// … then one an attempt; a child without one has a line, too.
void add_children_csv_header(std::string& to);
void add_child_csv(std::string& to, const ChildView& child);

}  // namespace mpibatch::cli
