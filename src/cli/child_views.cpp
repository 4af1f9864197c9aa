#include "cli/child_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include <mpibatch/plan/known_names.hpp>

#include "cli/packed_attempts.hpp"

namespace mpibatch::cli {

namespace {

using ChildId = std::pair<model::JobId, model::ChildIndex>;

struct ChosenIds {
  std::vector<ChildId> ids;  // sorted
  std::uint64_t left_out = 0;
};

void choose_of(const scheduler::Scheduler& core, model::JobId job, const ChildChoice& choice,
               ChosenIds& chosen) {
  const model::ChildIndex begin = choice.child.value_or(0);
  const model::ChildIndex end = choice.child ? *choice.child + 1 : core.size(job);
  for (model::ChildIndex child = begin; child < end; ++child) {
    if (choice.status && model::status_of(core.state(job, child)) != *choice.status) continue;
    if (chosen.ids.size() < choice.most) {
      chosen.ids.emplace_back(job, child);
    } else {
      ++chosen.left_out;
    }
  }
}

ChosenIds choose_ids(const scheduler::Scheduler& core, const ChildChoice& choice) {
  ChosenIds chosen;
  for (std::uint32_t number = 0; number < core.job_count(); ++number) {
    const model::JobId job{number};
    if (core.in_plan(job) && (!choice.job || *choice.job == job))
      choose_of(core, job, choice, chosen);
  }
  return chosen;
}

// Hands out the attempts of the chosen with the place of their child among them.
Result<void> read_attempts(const FileSystem& files, const RunReading& run,
                           const ChildChoice& choice, const std::vector<ChildId>& ids,
                           const std::function<void(std::size_t, const store::Attempt&)>& take,
                           std::vector<std::string>& problems) {
  return store::for_each_attempt(
      files, run.folder, run.view.state, {choice.job, choice.child},
      [&](const store::Attempt& attempt) {
        const ChildId id(attempt.execution.job, attempt.child);
        const auto found = std::lower_bound(ids.begin(), ids.end(), id);
        if (found != ids.end() && *found == id)
          take(static_cast<std::size_t>(found - ids.begin()), attempt);
      },
      problems);
}

// Children of one job after the other: what they have in common is looked up once.
class ViewWriter {
 public:
  ViewWriter(const scheduler::Scheduler& core, const PlanCopy& plan) : core_(core), plan_(plan) {}

  // All but the attempts.
  void write(ChildId id, ChildView& view) {
    const auto [job, child] = id;
    if (!job_ || *job_ != job) {
      job_ = job;
      definition_ = plan_.definition(job);
      vcpus_ = core_.spec(job).resources.vcpus;
    }
    view.id = job;
    view.job = core_.name(job);
    view.definition = definition_;
    view.array = core_.array(job);
    view.index = child;
    view.key = view.array ? plan_.key(job, child) : std::string();
    view.status = model::status_of(core_.state(job, child));
    view.reason = core_.status_reason(job, child);
    view.vcpus = vcpus_;
  }

 private:
  const scheduler::Scheduler& core_;
  const PlanCopy& plan_;
  std::optional<model::JobId> job_;
  std::string definition_;
  std::uint32_t vcpus_ = 1;
};

}  // namespace

Result<ChosenChildren> choose_children(const FileSystem& files, const RunReading& run,
                                       const PlanCopy& plan, const ChildChoice& choice) {
  const auto [ids, left_out] = choose_ids(run.core(), choice);
  ChosenChildren chosen;
  chosen.left_out = left_out;
  chosen.children.resize(ids.size());
  ViewWriter writer(run.core(), plan);
  for (std::size_t i = 0; i < ids.size(); ++i) writer.write(ids[i], chosen.children[i]);
  const auto take = [&](std::size_t i, const store::Attempt& attempt) {
    chosen.children[i].attempts.push_back(attempt);
  };
  if (auto done = read_attempts(files, run, choice, ids, take, chosen.problems); !done)
    return tl::unexpected(done.error());
  for (ChildView& child : chosen.children)
    std::sort(child.attempts.begin(), child.attempts.end(),
              [](const store::Attempt& a, const store::Attempt& b) {
                return std::pair(a.started_at, a.execution.grant) <
                       std::pair(b.started_at, b.execution.grant);
              });
  return chosen;
}

Result<ChildrenRead> for_each_child(const FileSystem& files, const RunReading& run,
                                    const PlanCopy& plan, const ChildChoice& choice,
                                    const std::function<bool(const ChildView&)>& take) {
  const auto [ids, left_out] = choose_ids(run.core(), choice);
  ChildrenRead done;
  done.left_out = left_out;
  PackedAttempts attempts;
  const auto keep = [&](std::size_t, const store::Attempt& attempt) { attempts.add(attempt); };
  if (auto read = read_attempts(files, run, choice, ids, keep, done.problems); !read)
    return tl::unexpected(read.error());
  attempts.sort();
  ViewWriter writer(run.core(), plan);
  ChildView view;
  for (const ChildId& id : ids) {
    writer.write(id, view);
    attempts.read(id.first, id.second, view.attempts);
    if (!take(view)) break;
  }
  return done;
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
