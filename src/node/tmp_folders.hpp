// An own folder for temporary files for each attempt, on the node's own disk. Folders that an
// attempt left empty are used again; others are removed by a thread of their own, since a big tree
// takes long. Threads may use it at the same time.
#pragma once

#include <time.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>

namespace mpibatch::node {

struct TmpFolder {
  std::string path;
  timespec changed{};  // st_ctim when it was seen to be empty: nobody can set that
  Duration seen{0};    // CLOCK_MONOTONIC of that
  Duration taken{0};
};

class TmpFolders {
 public:
  // `root` is made, and what an earlier starter left in it (but kept folders) is removed.
  static Result<std::unique_ptr<TmpFolders>> create(const std::string& root);
  ~TmpFolders();  // removes what is not kept; waits for that
  TmpFolders(const TmpFolders&) = delete;
  TmpFolders& operator=(const TmpFolders&) = delete;

  Result<TmpFolder> take();
  // The attempt has ended. `kept_as`: it stays under that name; empty: it goes.
  void give_back(TmpFolder folder, const std::string& kept_as);
  const std::string& root() const { return root_; }

 private:
  explicit TmpFolders(std::string root);
  void remove_later(std::string path);
  void work();

  std::string root_;
  std::string prefix_;
  std::mutex mutex_;  // of all that follow
  std::uint64_t made_ = 0;
  std::vector<TmpFolder> free_;
  std::condition_variable wake_;
  std::deque<std::string> doomed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace mpibatch::node
