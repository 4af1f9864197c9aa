// The one thread of rank 0 that touches the state folder during a run: journals facts, syncs as
// soon as the last sync is back, checks after every sync that no higher epoch exists, and raises
// the owner's counter every second.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::server {

struct CommitReport {
  std::uint64_t committed = 0;      // facts submitted here that are safe and may be acted upon
  std::uint64_t verifications = 0;  // times that the counter was raised and no higher epoch found
  std::uint64_t journal_bytes = 0;
  store::FactNumber synced;  // the newest fact of this epoch's journal that is safe
  std::string failure;       // the disk refused: nothing more will be committed
  bool superseded = false;   // another rank 0 owns the run: nothing may leave any more
};

class Committer {
 public:
  // `settle` makes durable what the journal's first facts rely on; it is called once, by the
  // thread, before it commits what the journal holds already.
  Committer(FileSystem& files, store::StateFolder folder, const store::OwnerRecord& me,
            std::unique_ptr<store::JournalWriter> journal, std::function<Result<void>()> settle);
  ~Committer();  // stops the thread; what was submitted and is not committed is dropped
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void submit(std::vector<model::Fact> facts);
  CommitReport report();                                 // clears the descriptor
  int descriptor() const { return wake_reader_.get(); }  // readable when the report has changed

 private:
  void run();
  void fail(const Error& error);
  void commit(const std::vector<model::Fact>& facts);
  void raise();
  // True where this rank 0 is still the owner, as far as the disk tells.
  bool verify();
  void changed();

  FileSystem& files_;
  const store::StateFolder folder_;
  const model::Epoch epoch_;
  const std::string run_;
  std::unique_ptr<store::JournalWriter> journal_;
  std::function<Result<void>()> settle_;
  std::uint64_t counter_ = 0;

  UniqueFd wake_reader_;  // an eventfd: both ends
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<model::Fact> submitted_;
  CommitReport report_;
  bool stopping_ = false;
  std::thread thread_;  // last: uses all of the above
};

}  // namespace mpibatch::server
