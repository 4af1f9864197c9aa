// Which plan this run follows: the first one, the same again, or a new revision whose finished work
// stays.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/model/plan.hpp>
#include <mpibatch/plan/load.hpp>
#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/server/open_run.hpp>

#include "cli/run_options.hpp"

namespace mpibatch::cli {

// The adopted plan by run-wide job id; `plan` must live as long.
class PlanWork final : public server::WorkSource {
 public:
  PlanWork(const model::Plan& plan, const std::vector<model::JobId>& ids);
  const model::PlannedJob& job(model::JobId id) const override;

 private:
  const model::Plan& plan_;
  std::vector<std::size_t> position_;  // by job id; SIZE_MAX: not in the plan
};

struct Adopted {
  std::vector<model::JobId> ids;   // of the plan's jobs, in order
  std::vector<std::string> lines;  // for the user: first what happened, then what changed
  bool revised = false;            // the plan's copy must be synced before the first commit
  bool nothing_to_do = false;      // all of it is terminal, and nothing is to be retried
};

// Makes `loaded` the run's plan: writes its copy and appends what follows to the journal, neither
// of them synced. Usage where finished work would be lost and --accept was not given.
// `was_finished`: before requests that waited were applied.
Result<Adopted> adopt_plan(FileSystem& files, const store::StateFolder& folder,
                           server::OpenedRun& run, const plan::LoadedPlan& loaded,
                           const RunOptions& options, bool was_finished);

}  // namespace mpibatch::cli
