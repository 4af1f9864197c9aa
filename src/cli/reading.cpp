#include "cli/reading.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <thread>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/model/log_files.hpp>
#include <mpibatch/store/surroundings.hpp>

#include "cli/job_reference.hpp"
#include "cli/plan_summary.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

// Between a run's claim and its plan there are some syncs.
constexpr Duration kPlanPatience = std::chrono::seconds{5};
constexpr Duration kPlanEvery = std::chrono::milliseconds{20};

bool just_starting(const store::RunView& run) {
  return run.owner_state != store::OwnerState::Gone &&
         model::number_of(run.scheduler().revision()) == 0;
}

}  // namespace

Result<RunReading> read_run(const FileSystem& files, const std::string& state) {
  auto folder = find_state_folder(files, state, current_folder());
  if (!folder) return tl::unexpected(folder.error());
  const SystemClock clock;
  const Duration begun = clock.boot();
  auto view = store::read_run(files, *folder);
  while (view && just_starting(*view) && clock.boot() - begun < kPlanPatience) {
    std::this_thread::sleep_for(kPlanEvery);
    view = store::read_run(files, *folder);
  }
  if (!view) return tl::unexpected(view.error());
  return RunReading{std::move(*folder), std::move(*view)};
}

Instant run_time(const model::EpochBegan& epoch) {
  const SystemClock clock;
  if (!epoch.boot_id.empty() && epoch.boot_id == boot_id())
    return epoch.now + (clock.boot() - epoch.boot_time);
  return Instant{clock.wall()};
}

Result<PlanCopy> PlanCopy::load(const FileSystem& files, const store::StateFolder& folder,
                                const scheduler::Scheduler& core) {
  if (model::number_of(core.revision()) == 0)
    return fail(ErrorKind::NotFound,
                fmt::format("the run in '{}' has no plan: it is still starting, or ended before it "
                            "began. Try again, or type its `mpibatch run` command again",
                            folder.path));
  const std::string path = folder.plan(core.revision());
  auto loaded = plan::load_copy(files, path);
  if (!loaded)
    return fail(ErrorKind::Damaged, fmt::format("the copy of the plan in '{}' cannot be read: {}",
                                                path, plan::to_string(loaded.error().front())));
  PlanCopy copy;
  copy.loaded_ = std::make_shared<const plan::LoadedPlan>(std::move(*loaded));
  bool files_used = false;
  copy.positions_.assign(core.job_count(), SIZE_MAX);
  for (const model::PlannedJob& job : copy.loaded_->plan.jobs) {
    const auto id = core.find(job.spec.name);
    if (!id || core.size(*id) != job.spec.size)
      return fail(ErrorKind::Damaged, fmt::format("'{}' is the copy of another plan", path));
    copy.positions_[model::number_of(*id)] = copy.ids_.size();
    copy.ids_.push_back(*id);
    copy.writers_.emplace_back(job);
    files_used = files_used || job.execution.log_files != model::LogFiles{};
  }
  if (files_used)
    if (auto given = store::load_surroundings(files, folder))
      copy.start_folder_ = std::move(given->working_directory);
  return copy;
}

Result<JobChoice> PlanCopy::find(const std::string& text) const {
  const auto place = find_job(loaded_->plan, text);
  if (!place) return tl::unexpected(place.error());
  return JobChoice{ids_[place->job], place->child};
}

std::size_t PlanCopy::position(model::JobId job) const {
  const std::size_t number = model::number_of(job);
  MPIBATCH_CHECK(number < positions_.size() && positions_[number] != SIZE_MAX);
  return positions_[number];
}

std::string PlanCopy::key(model::JobId job, model::ChildIndex child) const {
  return writers_[position(job)].key(child);
}

std::string PlanCopy::definition(model::JobId job) const {
  return loaded_->plan.jobs[position(job)].execution.definition;
}

model::LogFiles PlanCopy::log_files(const store::Attempt& attempt) const {
  const model::PlannedJob& job = loaded_->plan.jobs[position(attempt.execution.job)];
  const model::JobTemplate& execution = job.execution;
  if (execution.log_files == model::LogFiles{}) return {};
  const std::string& folder = execution.working_directory;
  return model::log_files_of(
      execution, parameters_of(job, attempt.child),
      {attempt.child, attempt.attempt,
       folder.empty() ? start_folder_ : absolute_path(folder, start_folder_)});
}

std::string PlanCopy::name(model::JobId job, std::optional<model::ChildIndex> child) const {
  const model::JobSpec& spec = loaded_->plan.jobs[position(job)].spec;
  return child && spec.array ? fmt::format("{}:{}", spec.name, key(job, *child)) : spec.name;
}

}  // namespace mpibatch::cli
