// How a rank 0 takes a run in its hands: claim the next epoch, fold what earlier ones left, begin a
// journal segment.
#pragma once

#include <memory>
#include <string>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/server/run_loop.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::server {

struct OpenedRun {
  store::OwnerRecord owner;  // this rank 0
  bool existed = false;      // an earlier epoch left something
  scheduler::Scheduler scheduler;
  RunTime time;
  bool waits_count_on = false;                    // see CoordinatorSettings
  std::string nonce;                              // the content of folder.nonce()
  std::unique_ptr<store::JournalWriter> journal;  // begun, not committed
};

// Creates the folder if there is none. Busy, naming host and pid, if another rank 0 is alive; where
// it cannot be seen from here, its counter is watched for `patience` first. Whatever the folder
// holds is only read, never changed.
Result<OpenedRun> open_run(FileSystem& files, const store::StateFolder& folder, const Clock& clock,
                           const std::string& supervisor = {},
                           Duration patience = std::chrono::seconds(5));

// Whether this rank 0 is still there. Where its process cannot be seen from here, its counter is
// watched, for `patience` at the most.
Result<bool> rank_0_alive(const FileSystem& files, const store::StateFolder& folder,
                          const store::OwnerRecord& owner, Duration patience);

}  // namespace mpibatch::server
