// The only one in a starter to touch the state folder, which may hang or fill up: a thread of its
// own that writes the segment, syncs it in groups, and watches that folder and segment are still
// this run's. The starter hands over records and polls for reports.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::node {

// The folder holds this nonce (`refusal` is empty), and the segment is there from now on.
struct NonceChecked {
  std::string nonce;
  std::string refusal;
  bool first_starter = false;  // no starter of this node had a segment here before
};
struct SegmentSynced {
  std::uint64_t ticket = 0;
};
struct SegmentFailed {  // final: nothing is written any more
  std::string message;
};
struct RunGone {  // the folder was deleted, set aside, or holds another run
  std::string message;
};
using SegmentReport = std::variant<NonceChecked, SegmentSynced, SegmentFailed, RunGone>;

class SegmentThread {
 public:
  // `before_first`: called by the thread before it makes the first segment ever of this node.
  SegmentThread(FileSystem& files, store::StateFolder folder, store::SegmentHeader header,
                std::function<void()> before_first);
  ~SegmentThread();  // see finish()
  SegmentThread(const SegmentThread&) = delete;
  SegmentThread& operator=(const SegmentThread&) = delete;

  void check_nonce(std::string nonce);
  void append(std::vector<store::SegmentRecord> records);  // written within a second
  void sync(std::uint64_t ticket);
  std::vector<SegmentReport> take_reports();
  int descriptor() const { return event_.get(); }  // readable: there are reports
  std::uint64_t queued_bytes() const;              // of output, handed over and not written yet

  // Writes and syncs what was handed over. False if that took longer than `patience`: then the
  // thread hangs in the state folder, and only leaving the process ends it.
  bool finish(Duration patience);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // the thread's, too: it may outlive a hanging folder
  UniqueFd event_;
  std::thread thread_;
};

}  // namespace mpibatch::node
