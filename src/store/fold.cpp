#include <mpibatch/store/fold.hpp>

#include <mpibatch/store/snapshot.hpp>

namespace mpibatch::store {

namespace {

constexpr int kRoundsMax = 5;  // a reader that files are deleted under begins again

Adoption adoption_of(const model::PlanAdopted& fact) {
  Adoption adoption{fact.revision, {}};
  for (const model::AdoptedJob& job : fact.jobs) adoption.jobs.emplace_back(job.id, job.kept);
  return adoption;
}

Result<void> apply(FactNumber number, const model::Fact& fact, Fold& state) {
  if (auto applied = state.scheduler.apply(fact); !applied) return applied;
  state.last = number;
  ++state.facts;
  if (const auto* plan = std::get_if<model::PlanAdopted>(&fact))
    state.adoptions.push_back(adoption_of(*plan));
  return {};
}

Result<void> read_on(const FileSystem& files, const StateFolder& folder, FactNumber upto,
                     Fold& state) {
  Result<void> applied;
  const auto take = [&](FactNumber number, const model::Fact& fact) {
    if (applied) applied = apply(number, fact, state);
  };
  auto read = read_journal(files, folder, {state.last, upto, state.mark}, take);
  if (!read) return tl::unexpected(read.error());
  if (!applied) return applied;
  if (!state.run.empty() && state.run != read->run)
    return fail(ErrorKind::Damaged, "'" + state.snapshot + "' is a snapshot of another run");
  state.run = std::move(read->run);
  state.stops = std::move(read->stops);
  if (read->mark) state.mark = read->mark;
  return {};
}

Result<Fold> fold_from(const FileSystem& files, const StateFolder& folder, FactNumber upto,
                       const SnapshotFormat& format, const std::string& path) {
  auto snapshot = format.read(path);
  if (!snapshot) return tl::unexpected(snapshot.error());
  if (snapshot->last > upto)
    return fail(ErrorKind::Usage, "'" + path + "' holds more than was asked for");
  auto core = scheduler::Scheduler::load(std::exchange(snapshot->scheduler, {}));
  if (!core) return fail(core.error().kind, "'" + path + "': " + core.error().message);
  Fold state;
  state.run = std::move(snapshot->run);
  state.scheduler = std::move(*core);
  state.last = snapshot->last;
  state.adoptions = std::move(snapshot->adoptions);
  state.mark = snapshot->mark;
  state.snapshot = path;
  if (auto done = read_on(files, folder, upto, state); !done) return tl::unexpected(done.error());
  return state;
}

Result<Fold> fold_once(const FileSystem& files, const StateFolder& folder, FactNumber upto,
                       const SnapshotFormat& format) {
  const auto snapshots = list_snapshots(files, folder);
  if (!snapshots) return tl::unexpected(snapshots.error());
  // The newest need not be the one that the journal goes on from: a user may compact to any fact.
  bool newer = false;  // there is one that holds more than was asked for
  for (auto path = snapshots->rbegin(); path != snapshots->rend(); ++path) {
    auto state = fold_from(files, folder, upto, format, *path);
    if (state) return state;
    newer = newer || state.error().kind == ErrorKind::Usage;
  }
  Fold state;
  if (auto done = read_on(files, folder, upto, state); !done) {
    // Of whole segments that are gone snapshots alone tell.
    if (newer && !files.exists(folder.journal(model::Epoch{1})))
      return fail(ErrorKind::Usage,
                  "facts as old as that are no longer kept one by one: ask for a newer one");
    return tl::unexpected(done.error());
  }
  if (state.run.empty() && !snapshots->empty())
    return fail(ErrorKind::Damaged, "'" + folder.journal() + "' has lost its journal, and '" +
                                        snapshots->back() + "' alone is not the run. Restore it " +
                                        "from a copy, or start anew with --fresh");
  return state;
}

}  // namespace

Result<Fold> fold(const FileSystem& files, const StateFolder& folder, FactNumber upto,
                  const SnapshotFormat& format) {
  Result<Fold> state = fold_once(files, folder, upto, format);
  for (int round = 1; round < kRoundsMax && !state; ++round) {
    const ErrorKind kind = state.error().kind;
    if (kind != ErrorKind::NotFound && kind != ErrorKind::Damaged) break;
    state = fold_once(files, folder, upto, format);
  }
  return state;
}

Result<void> fold_on(const FileSystem& files, const StateFolder& folder, Fold& state,
                     const SnapshotFormat& format) {
  if (!state.stops.empty()) {
    Result<void> applied;
    const auto take = [&](FactNumber number, const model::Fact& fact) {
      if (applied) applied = apply(number, fact, state);
    };
    const auto grown = read_journal_on(files, folder, state.stops.back(), take);
    if (grown && *grown && applied) return {};
    state.stops.clear();  // where `state` stands in the journal is not known any more
  }
  auto anew = fold(files, folder, kLastFact, format);
  if (!anew) return tl::unexpected(anew.error());
  state = std::move(*anew);
  return {};
}

}  // namespace mpibatch::store
