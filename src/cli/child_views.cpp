#include "cli/child_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include <mpibatch/plan/known_names.hpp>

namespace mpibatch::cli {

namespace {

using ChildId = std::pair<model::JobId, model::ChildIndex>;

// Null where it was not chosen.
ChildView* find_child(std::vector<ChildView>& children, ChildId wanted) {
  const auto child = std::lower_bound(
      children.begin(), children.end(), wanted,
      [](const ChildView& view, const ChildId& id) { return ChildId(view.id, view.index) < id; });
  if (child == children.end() || ChildId(child->id, child->index) != wanted) return nullptr;
  return &*child;
}

void choose_of(const RunReading& run, const PlanCopy& plan, model::JobId job,
               const ChildChoice& choice, ChosenChildren& chosen) {
  const scheduler::Scheduler& core = run.core();
  const bool array = core.array(job);
  const model::ChildIndex begin = choice.child.value_or(0);
  const model::ChildIndex end = choice.child ? *choice.child + 1 : core.size(job);
  for (model::ChildIndex child = begin; child < end; ++child) {
    const model::JobStatus status = model::status_of(core.state(job, child));
    if (choice.status && status != *choice.status) continue;
    if (chosen.children.size() >= choice.most) {
      ++chosen.left_out;
      continue;
    }
    chosen.children.push_back({job,
                               std::string(core.name(job)),
                               plan.definition(job),
                               array,
                               child,
                               array ? plan.key(job, child) : std::string(),
                               status,
                               core.status_reason(job, child),
                               {}});
  }
}

}  // namespace

Result<ChosenChildren> choose_children(const FileSystem& files, const RunReading& run,
                                       const PlanCopy& plan, const ChildChoice& choice) {
  const scheduler::Scheduler& core = run.core();
  ChosenChildren chosen;
  for (std::uint32_t number = 0; number < core.job_count(); ++number) {
    const model::JobId job{number};
    if (core.in_plan(job) && (!choice.job || *choice.job == job))
      choose_of(run, plan, job, choice, chosen);
  }
  const auto take = [&](const store::Attempt& attempt) {
    if (ChildView* child = find_child(chosen.children, {attempt.execution.job, attempt.child}))
      child->attempts.push_back(attempt);
  };
  if (auto done = store::for_each_attempt(files, run.folder, run.view.state,
                                          {choice.job, choice.child}, take, chosen.problems);
      !done)
    return tl::unexpected(done.error());
  for (ChildView& child : chosen.children)
    std::sort(child.attempts.begin(), child.attempts.end(),
              [](const store::Attempt& a, const store::Attempt& b) {
                return std::pair(a.started_at, a.execution.grant) <
                       std::pair(b.started_at, b.execution.grant);
              });
  return chosen;
}

Result<model::JobStatus> parse_status(const std::string& text) {
  std::string upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::string> known;
  for (int i = 0; i < model::kJobStatuses; ++i) {
    const auto status = static_cast<model::JobStatus>(i);
    if (upper == model::to_string(status)) return status;
    known.emplace_back(model::to_string(status));
  }
  return fail(ErrorKind::Usage, fmt::format("status '{}' is unknown (--status){}", text,
                                            plan::known_names(upper, known)));
}

}  // namespace mpibatch::cli
