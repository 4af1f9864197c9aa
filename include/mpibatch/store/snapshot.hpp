// Snapshots: HDF5 files with the exact state (for fold) and tables (for people: h5py, pandas,
// h5dump). Each is written once, closed, synced, and only then given its name; nobody ever opens
// one for writing again. HDF5's own file locking is off. One thread of a process at a time.
//
//   user block       512 bytes before HDF5's: record.hpp, one record: u64 size of the file, u32
//                    CRC-32C of what follows
//   /mpibatch        group; attributes formatVersion, run, epoch, fact; markBytes, markFacts: where
//                    in that epoch's segment a mark stands, and the facts before it (may be absent)
//   /mpibatch/core   Scheduler::save() as bytes; attribute crc32c
//   /mpibatch/fold   base/layout.hpp of SnapshotCore up to `adoptions`, as bytes; attribute crc32c
//   /jobs /array_children /attempts /nodes /queues /job_definitions
//                    one compound dataset each, a row an item; texts are UTF-8; …At columns are
//                    milliseconds since 1970
//
// Version rule: a changed core, fold or formatVersion is refused by older programs by name; tables
// may gain columns.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/fold.hpp>

namespace mpibatch::store {

struct SnapshotCore {
  std::string run;
  FactNumber last;
  std::vector<SegmentStop> stops;
  std::vector<Adoption> adoptions;
  std::string scheduler;            // Scheduler::save()
  std::optional<SegmentStop> mark;  // of the segment of `last`: see JournalPart
  bool operator==(const SnapshotCore&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& last& stops& adoptions;
  }
};

// What the tables say of jobs beyond the core's state; empty functions leave it out.
struct PlanTexts {
  std::function<std::string(model::JobId, model::ChildIndex)> key;  // of an array child
  std::function<std::string(model::JobId)> definition;              // a job definition's name
};
// Asked once the state is known, since its revision says which copy of the plan is meant.
using PlanTextsSource = std::function<Result<PlanTexts>(const scheduler::Scheduler&)>;

// A real path: HDF5 knows no FileSystem. NotFound, or Damaged with what is wrong.
Result<SnapshotCore> read_snapshot(const std::string& path);
// Replaces nothing: Busy if the file exists. Synced.
Result<void> write_snapshot(FileSystem& files, const StateFolder& folder, const Fold& state,
                            const PlanTexts& texts, const std::string& path);

// The seam to the snapshots' content, since HDF5 needs real files: a simulated disk has its own.
class SnapshotFormat {
 public:
  virtual ~SnapshotFormat() = default;
  virtual Result<SnapshotCore> read(const std::string& path) const = 0;
  virtual Result<void> write(FileSystem& files, const StateFolder& folder, const Fold& state,
                             const PlanTexts& texts, const std::string& path) const = 0;
};
// What a snapshot of this state holds, without its tables.
SnapshotCore core_of(const Fold& state);

// Paths of all snapshots, oldest first.
Result<std::vector<std::string>> list_snapshots(const FileSystem& files, const StateFolder& folder);

struct Compacted {
  std::string path;  // snapshots/NNNNNNNNNN.h5, synced
  FactNumber last;
};
// Folds up to `upto` as any reader does and creates the next numbered snapshot. Publishes nothing.
Result<Compacted> compact(FileSystem& files, const StateFolder& folder,
                          const PlanTextsSource& texts, FactNumber upto = kLastFact,
                          const SnapshotFormat& format = hdf5_snapshots());

// Makes `path` the run's state.h5; there always is one, the old or the new.
Result<void> publish_snapshot(FileSystem& files, const StateFolder& folder,
                              const std::string& path);

// Deletes what no reader needs any more: of the snapshots that hold no fact beyond `synced`, all
// but the two that hold most, then the journal segments that the older of these two covers.
// `synced` is a fact of the asking rank 0's own epoch that it has found safe, so that whatever else
// is lost these snapshots count; with fewer than two of them nothing is deleted. What nodes wrote
// stays: logs are read from it. Returns the paths.
Result<std::vector<std::string>> delete_covered(FileSystem& files, const StateFolder& folder,
                                                FactNumber synced,
                                                const SnapshotFormat& format = hdf5_snapshots());

}  // namespace mpibatch::store
