#include "cli/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <mpibatch/base/check.hpp>
#include <mpibatch/plan/adoption.hpp>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

using model::ChildState;

constexpr std::size_t kNamedMax = 3;  // lost children that a message names

Result<void> journal(server::OpenedRun& run, const model::Fact& fact) {
  if (auto done = run.scheduler.apply(fact); !done) return done;
  run.journal->append(fact);
  return {};
}

// Everything the plan before had, under the ids it was given.
struct Before {
  plan::LoadedPlan loaded;
  std::vector<model::JobId> ids;
};

Result<Before> load_before(const FileSystem& files, const store::StateFolder& folder,
                           const scheduler::Scheduler& core) {
  auto loaded = plan::load_copy(files, folder.plan(core.revision()));
  if (!loaded)
    return fail(ErrorKind::Damaged, "the state folder's copy of the plan cannot be read: " +
                                        plan::to_string(loaded.error().front()));
  Before before{std::move(*loaded), {}};
  for (const model::PlannedJob& job : before.loaded.plan.jobs) {
    const auto id = core.find(job.spec.name);
    if (!id)
      return fail(ErrorKind::Damaged, "the state folder's copy of the plan is of another plan");
    before.ids.push_back(*id);
  }
  return before;
}

// Against the plan's copy, not the core: a user may have asked for other priorities since.
bool unchanged(const model::Plan& before, const model::Plan& now, const plan::Adoption& adoption) {
  if (!adoption.removed.empty()) return false;
  for (const plan::JobAdoption& job : adoption.jobs)
    if (!job.known || job.definition_changed || job.added > 0 || !job.values_changed.empty() ||
        !job.redone.empty() || !job.removed.empty())
      return false;
  for (const model::AdoptedJob& job : adoption.fact.jobs)
    for (const model::Move& move : job.kept)
      if (move.from != move.to) return false;
  const auto same = [](const model::PlannedJob& one, const model::PlannedJob& other) {
    return one.spec == other.spec;
  };
  return before.rules == now.rules &&
         std::equal(before.jobs.begin(), before.jobs.end(), now.jobs.begin(), now.jobs.end(), same);
}

// Finished work that the new plan no longer has, in words; empty: none.
std::vector<std::string> lost_work(const scheduler::Scheduler& core, const Before& before,
                                   const plan::Adoption& adoption) {
  std::vector<std::string> lines;
  const auto check = [&](model::JobId id, const std::string& name, const model::Ranges& children) {
    std::uint64_t lost = 0;
    std::string keys;
    const auto position = std::find(before.ids.begin(), before.ids.end(), id) - before.ids.begin();
    model::for_each(children, [&](model::ChildIndex child) {
      if (core.state(id, child) != ChildState::Succeeded) return;
      if (++lost > kNamedMax) return;
      if (core.array(id))
        keys += (keys.empty() ? "" : ", ") +
                model::key_of(before.loaded.plan.jobs[static_cast<std::size_t>(position)], child);
    });
    if (lost == 0) return;
    if (lost > kNamedMax && !keys.empty()) keys += ", …";
    lines.push_back(core.array(id)
                        ? fmt::format("{} finished children of job '{}' ({})", lost, name, keys)
                        : fmt::format("job '{}', which has SUCCEEDED", name));
  };
  for (const plan::RemovedJob& job : adoption.removed) check(job.id, job.name, {{0, job.size}});
  for (const plan::JobAdoption& job : adoption.jobs)
    if (job.known) check(job.id, job.name, job.removed);
  return lines;
}

std::uint64_t failed_children(const scheduler::Counts& counts) {
  return counts[ChildState::Failed] + counts[ChildState::DependencyFailed];
}

std::string jobs_of(const scheduler::Scheduler& core) {
  std::size_t jobs = 0;
  for (std::uint32_t number = 0; number < core.job_count(); ++number)
    jobs += core.in_plan(model::JobId{number}) ? 1 : 0;
  return counted(jobs, "job");
}

Result<void> revise(FileSystem& files, const store::StateFolder& folder, server::OpenedRun& run,
                    const plan::LoadedPlan& loaded, const model::PlanAdopted& fact) {
  if (auto saved = plan::save_copy(files, folder.plan(fact.revision), loaded); !saved) return saved;
  return journal(run, fact);
}

Result<Adopted> adopt_first(FileSystem& files, const store::StateFolder& folder,
                            server::OpenedRun& run, const plan::LoadedPlan& loaded) {
  const plan::Adoption adoption =
      plan::adopt({nullptr, {}, &loaded.plan, {}, model::Revision{1}, false});
  if (auto done = revise(files, folder, run, loaded, adoption.fact); !done)
    return tl::unexpected(done.error());
  return Adopted{adoption.ids,
                 {fmt::format("new run: {}, {}", jobs_of(run.scheduler),
                              counted(run.scheduler.counts().total(), "task"))},
                 true,
                 false};
}

Result<Adopted> adopt_again(FileSystem& files, const store::StateFolder& folder,
                            server::OpenedRun& run, const plan::LoadedPlan& loaded,
                            const RunOptions& options, bool was_finished) {
  scheduler::Scheduler& core = run.scheduler;
  const auto before = load_before(files, folder, core);
  if (!before) return tl::unexpected(before.error());
  const model::Revision old_revision = core.revision();
  const plan::Adoption adoption =
      plan::adopt({&before->loaded.plan, before->ids, &loaded.plan,
                   model::JobId{static_cast<std::uint32_t>(core.job_count())},
                   model::Revision{model::number_of(old_revision) + 1}, options.rerun_changed});
  const bool revised = !unchanged(before->loaded.plan, loaded.plan, adoption);
  Adopted adopted{revised ? adoption.ids : before->ids, {}, revised, false};
  if (revised) {
    if (const auto lost = lost_work(core, *before, adoption); !lost.empty() && !options.accept) {
      std::string all;
      for (const std::string& line : lost) all += (all.empty() ? "" : "; ") + line;
      return fail(
          ErrorKind::Usage,
          fmt::format("the plan has changed and no longer has {}. Run again with --accept to "
                      "let it go, or with --fresh to start anew beside the old state",
                      all));
    }
    if (auto done = revise(files, folder, run, loaded, adoption.fact); !done)
      return tl::unexpected(done.error());
    for (const plan::JobAdoption& job : adoption.jobs)
      if (std::string text = job.text(); !text.empty()) adopted.lines.push_back(std::move(text));
    for (const plan::RemovedJob& job : adoption.removed)
      adopted.lines.push_back(fmt::format("job '{}' is no longer in the plan", job.name));
  }

  const std::uint64_t failed = failed_children(core.counts());
  // What failures hold goes on when they are retried, or released.
  const bool again = was_finished || revised || options.retry_failed || core.held_by_failures();
  const bool retry = failed > 0 && !options.keep_failed && again;
  if (retry)
    if (auto done = journal(run, model::FailedReopened{}); !done)
      return tl::unexpected(done.error());

  const scheduler::Counts counts = core.counts();
  const std::uint64_t succeeded = counts.good();
  const std::uint64_t left = counts.total() - counts.terminal();
  std::string first;
  if (revised) {
    first = fmt::format("plan revision {}: {} kept from revision {}, {} will run",
                        model::number_of(core.revision()), succeeded,
                        model::number_of(old_revision), left);
  } else if (left == 0) {
    first = failed > 0
                ? fmt::format("nothing to run: {} succeeded, {} failed and kept", succeeded, failed)
                : fmt::format("nothing to run: all {} have SUCCEEDED (--fresh runs them again)",
                              counted(counts.total(), "task"));
  } else if (retry) {
    first = fmt::format("running again: {} succeeded and kept, {} will run", succeeded,
                        counted(left, "task"));
  } else {
    first = fmt::format("going on: {} of {} done, {} left", counts.terminal(),
                        counted(counts.total(), "task"), left);
  }
  adopted.lines.insert(adopted.lines.begin(), std::move(first));
  adopted.nothing_to_do = left == 0 && core.grants().empty() && was_finished && !revised && !retry;
  return adopted;
}

}  // namespace

PlanWork::PlanWork(const model::Plan& plan, const std::vector<model::JobId>& ids) : plan_(plan) {
  MPIBATCH_CHECK(ids.size() == plan_.jobs.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t number = model::number_of(ids[i]);
    if (number >= position_.size()) position_.resize(number + 1, SIZE_MAX);
    position_[number] = i;
  }
}

const model::PlannedJob& PlanWork::job(model::JobId id) const {
  const std::size_t number = model::number_of(id);
  MPIBATCH_CHECK(number < position_.size() && position_[number] != SIZE_MAX);
  return plan_.jobs[position_[number]];
}

Result<Adopted> adopt_plan(FileSystem& files, const store::StateFolder& folder,
                           server::OpenedRun& run, const plan::LoadedPlan& loaded,
                           const RunOptions& options, bool was_finished) {
  if (model::number_of(run.scheduler.revision()) == 0)
    return adopt_first(files, folder, run, loaded);
  return adopt_again(files, folder, run, loaded, options, was_finished);
}

}  // namespace mpibatch::cli
