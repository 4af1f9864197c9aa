// Rank 0's loop: links, commits, signals and requests become the coordinator's events. One thread
// runs it; a second one, inside, writes to the state folder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/state_folder.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::server {

// A node as rank 0 reaches it: a link that may break and be made anew (own host), or lasts as long
// as the world (MPI).
class NodePort {
 public:
  virtual ~NodePort() = default;
  virtual NodeUse use() const = 0;
  // Connects, restarts a starter that is gone or silent, drops a broken link; never blocks for
  // long.
  virtual void step(Duration boot) = 0;
  virtual transport::Link* link() = 0;           // null: none at the moment
  virtual std::uint64_t links_made() const = 0;  // another number: another link than before
  virtual std::string failure() const = 0;       // why no link can be had; empty: there is hope
  virtual int wait_ms_max() const = 0;           // -1: nothing to do until the link is ready
  // Whether the link is closed once its starter has left and written down all that it saw.
  virtual bool tells_of_its_end() const = 0;
};

// What a run shows while it goes on.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void facts(const std::vector<model::Fact>& facts,
                     const scheduler::Scheduler& scheduler) = 0;  // applied
  virtual void tell(const Tell& line) = 0;
  virtual void idle(const scheduler::Scheduler& scheduler,
                    Instant now) = 0;  // about ten times a second
  // The journal has grown to this, all of it up to `synced` is safe; called about once a second.
  virtual void journal_grew(std::uint64_t bytes, store::FactNumber synced) = 0;
};

// The run's clock: continues on CLOCK_BOOTTIME from where the epoch began.
struct RunTime {
  Instant began{};
  Duration boot_began{0};
  Instant now(const Clock& clock) const { return began + (clock.boot() - boot_began); }
};

struct RunLoopParts {
  FileSystem& files;
  const Clock& clock;
  store::StateFolder folder;
  RunTime time;
  store::OwnerRecord owner;  // this rank 0
  std::unique_ptr<store::JournalWriter> journal;
  std::function<Result<void>()> settle;  // see server/committer.hpp
  std::vector<std::unique_ptr<NodePort>> ports;
  Observer& observer;
  int signals = -1;  // a signalfd with SIGINT and SIGTERM (nonblocking); -1: none
};

struct LoopResult {
  RunResult run;
  bool superseded = false;  // another rank 0 has taken over: leave without a word to the starters
};

LoopResult run_loop(Coordinator& coordinator, RunLoopParts parts);

}  // namespace mpibatch::server
