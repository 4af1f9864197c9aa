// A run as the reading commands see it, and the copy of its plan, which has the names and the keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/plan/load.hpp>
#include <mpibatch/store/attempts.hpp>
#include <mpibatch/store/run_view.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::cli {

struct RunReading {
  store::StateFolder folder;
  store::RunView view;
  const scheduler::Scheduler& core() const { return view.scheduler(); }
};

// `state`: as --state says it; empty: the only run of the current folder. A run that is just
// starting is given some seconds to record its plan.
Result<RunReading> read_run(const FileSystem& files, const std::string& state);

// The run's clock now, which goes on with its host's boot clock; elsewhere the time of day is near.
Instant run_time(const model::EpochBegan& epoch);

struct JobChoice {
  model::JobId job{};
  std::optional<model::ChildIndex> child;
};

// The plan that a run follows now, whatever has become of the file it was read from.
class PlanCopy {
 public:
  // NotFound where the run has no plan yet.
  static Result<PlanCopy> load(const FileSystem& files, const store::StateFolder& folder,
                               const scheduler::Scheduler& core);
  // JOB, JOB:INDEX or JOB:KEY.
  Result<JobChoice> find(const std::string& text) const;
  std::string key(model::JobId job, model::ChildIndex child) const;
  std::string definition(model::JobId job) const;
  // Where what it prints goes instead of into segments, as the plan says now.
  model::LogFiles log_files(const store::Attempt& attempt) const;
  // "align", "align:NA017".
  std::string name(model::JobId job, std::optional<model::ChildIndex> child) const;

 private:
  std::size_t position(model::JobId job) const;

  std::shared_ptr<const plan::LoadedPlan> loaded_;
  std::vector<model::JobId> ids_;          // of the plan's jobs, in order
  std::vector<std::size_t> positions_;     // by job id; SIZE_MAX: not in the plan
  std::vector<model::KeyWriter> writers_;  // of the plan's jobs, in order
  std::string start_folder_ = ".";         // where `run` was started, where that matters
};

}  // namespace mpibatch::cli
