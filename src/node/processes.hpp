// The attempts' processes: started, signalled, their output read, their ends found. An end is the
// main process's exit, told once nothing of the attempt is left. Main thread only; blocks SIGCHLD
// in it and is the only one to wait for children.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/base/time.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/node/starter_core.hpp>
#include <mpibatch/topology/oom_counter.hpp>

#include "node/proc.hpp"
#include "node/slot_table.hpp"
#include "node/spawner.hpp"
#include "node/tmp_folders.hpp"

namespace mpibatch::node {

struct ProcessPlace {
  std::string run;
  model::NodeName name;
  std::vector<std::uint32_t> cpus;  // of the share: for attempts that have none of their own
};

class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  virtual void output(const model::ExecutionId& execution, store::Stream stream,
                      std::string bytes) = 0;
  virtual void ended(const model::ExecutionId& execution, model::AttemptEnd end) = 0;
};

class Processes {
 public:
  Processes(ProcessPlace place, SlotTable& slots, AttemptListener& listener);
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  void set_surroundings(const protocol::Surroundings& surroundings, TmpFolders& tmp_folders);
  // `cpus` empty: not bound to some of the share's.
  tl::expected<void, StartFailure> start(const Spawn& spawn,
                                         const std::vector<std::uint32_t>& cpus);
  void signal(const model::ExecutionId& execution, EndSignal signal);

  int descriptor() const { return epoll_.get(); }  // readable: call progress()
  int wait_ms_max() const { return ending_.empty() ? -1 : kRetryMs; }
  void progress();
  // Off: attempts block once their pipe is full.
  void set_reading(bool on);
  // KILLs everything and waits till it is gone, at most `patience`. False: something is left.
  bool kill_all(Duration patience);
  std::size_t running() const { return attempts_.size(); }

 private:
  static constexpr int kRetryMs = 10;

  struct Attempt {
    model::ExecutionId execution;
    std::uint64_t serial = 0;
    std::string token;
    std::string tmp_folder;
    bool keep_tmp = false;
    SlotTable::Slot* slot = nullptr;
    pid_t pid = 0;  // of the main process, and of its group
    UniqueFd pipes[2];
    std::uint64_t oom_kills = 0;  // counted when it was started
    bool ended_by_us = false;     // KILL was sent while it ran
    int status = 0;
    rusage usage{};
  };

  tl::expected<void, StartFailure> launch(Attempt& attempt, SpawnRequest& request);
  void watch(Attempt& attempt);
  bool read_pipe(Attempt& attempt, int stream);  // false: nothing now, or closed
  void read_ready();
  void reap();
  void finish_ended();
  bool anything_left(const Attempt& attempt);
  void finish(Attempt& attempt);
  bool out_of_memory(const Attempt& attempt);

  ProcessPlace place_;
  SlotTable& slots_;
  AttemptListener& listener_;
  Spawner spawner_;
  protocol::Surroundings surroundings_;
  TmpFolders* tmp_folders_ = nullptr;
  ChildList children_;
  topology::OomCounter oom_;
  UniqueFd epoll_;    // the two below
  UniqueFd pipes_;    // an epoll of all attempts' pipes
  UniqueFd signals_;  // SIGCHLD
  bool reading_ = true;
  std::uint64_t serial_ = 0;
  std::map<std::uint64_t, Attempt> attempts_;  // by serial number
  std::map<model::ExecutionId, std::uint64_t> serials_;
  std::unordered_map<pid_t, std::uint64_t> mains_;  // not ended yet
  std::vector<std::uint64_t> ending_;               // main process ended, something may be left
  std::vector<char> buffer_;
};

}  // namespace mpibatch::node
