// How a run takes over a plan: which jobs and children of the plan before are the same ones, by
// name and by key, never by position. Pure: the same plans give the same fact.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/plan.hpp>

namespace mpibatch::plan {

struct AdoptionInput {
  const model::Plan* old_plan = nullptr;  // null: this is the run's first plan
  std::vector<model::JobId> old_ids;      // of the old plan's jobs, in its order
  const model::Plan* new_plan = nullptr;
  model::JobId next_id{};  // the lowest that was never given; ids count up from here
  model::Revision revision{};
  // Children whose definition or values changed start as new, whatever they were.
  bool rerun_changed = false;
};

// What became of one job of the new plan.
struct JobAdoption {
  model::JobId id{};
  std::string name;
  bool known = false;               // the old plan has a job of this name
  bool definition_changed = false;  // its digest is another one
  std::uint64_t kept = 0;           // children taken over: the fact's moves
  std::uint64_t added = 0;          // children with a key that the old plan lacks
  model::Ranges values_changed;     // new indices: same key, other values, whether kept or not
  model::Ranges redone;             // old indices: same key, not taken over (rerun_changed)
  model::Ranges removed;            // old indices: their keys are gone
  std::string text() const;         // one line; empty if all of it is as before
};

struct RemovedJob {
  model::JobId id{};
  std::string name;
  model::ChildIndex size = 0;
};

struct Adoption {
  model::PlanAdopted fact;
  std::vector<model::JobId> ids;  // of the new plan's jobs, in its order
  model::JobId next_id{};
  std::vector<JobAdoption> jobs;  // in the new plan's order
  // With `removed` of the jobs: what is lost. Where some of it has SUCCEEDED, `--accept` is needed;
  // the caller knows the states.
  std::vector<RemovedJob> removed;
};

Adoption adopt(const AdoptionInput& input);

}  // namespace mpibatch::plan
