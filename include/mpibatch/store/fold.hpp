// A run's state from what is on the disk: the newest snapshot that counts, and the journal after
// it, through Scheduler::apply alone. Recovery, every reading command and `compact` fold the same
// way. Readers take no lock and need no rank 0.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

// A PlanAdopted without its specs: which children of the revision before are which of this one.
// Segments speak of children as granted; this is how they are found again.
struct Adoption {
  model::Revision revision{};
  std::vector<std::pair<model::JobId, std::vector<model::Move>>> jobs;
  bool operator==(const Adoption&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& revision& jobs;
  }
};

struct Fold {
  std::string run;  // empty: nothing was ever recorded
  scheduler::Scheduler scheduler;
  FactNumber last;
  std::vector<SegmentStop> stops;   // as read_journal's
  std::vector<Adoption> adoptions;  // all of them, in order
  std::string snapshot;             // the file it began with; empty: the whole journal
  std::uint64_t facts = 0;          // read from the journal
  std::optional<SegmentStop> mark;  // from where the journal need be read for what is after `last`
};

class SnapshotFormat;  // snapshot.hpp
const SnapshotFormat& hdf5_snapshots();

// The state after fact `upto`. A snapshot that is damaged or holds facts that do not count gives
// way to an older one, and at last to the whole journal. A file that vanishes meanwhile: starts
// again, a bounded number of times. Damaged names the file and the byte.
Result<Fold> fold(const FileSystem& files, const StateFolder& folder, FactNumber upto = kLastFact,
                  const SnapshotFormat& format = hdf5_snapshots());

// Brings a state that fold() gave up to date: reads what the journal has grown by, and folds anew
// only where a newer epoch's segment counts. After an error `state` may be asked as before, and
// brought up to date later.
Result<void> fold_on(const FileSystem& files, const StateFolder& folder, Fold& state,
                     const SnapshotFormat& format = hdf5_snapshots());

}  // namespace mpibatch::store
