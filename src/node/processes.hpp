// The attempts' processes of one launcher: started, signalled, their output read, their ends found.
// An end is the main process's exit, told once nothing of the attempt is left. One thread uses it;
// the processes die with that thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/base/time.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/node/starter_core.hpp>

#include "node/environment.hpp"
#include "node/launch_site.hpp"
#include "node/main_exits.hpp"
#include "node/output_pipes.hpp"
#include "node/spawner.hpp"
#include "node/tick.hpp"

namespace mpibatch::node {

// Called by the thread that the attempt's launcher runs on.
class AttemptListener {
 public:
  virtual ~AttemptListener() = default;
  virtual void output(const model::ExecutionId& execution, store::Stream stream,
                      std::string bytes) = 0;
  virtual void ended(const model::ExecutionId& execution, model::AttemptEnd end) = 0;
};

class Processes {
 public:
  Processes(LaunchSite& site, AttemptListener& listener);
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  // `cpus` empty: not bound to some of the share's. The site has its surroundings.
  tl::expected<void, StartFailure> start(const Spawn& spawn,
                                         const std::vector<std::uint32_t>& cpus);
  Duration started_at() const { return started_at_; }  // the newest; CLOCK_MONOTONIC
  void signal(const model::ExecutionId& execution, EndSignal signal);  // unknown ones: nothing
  void kill_all();

  // Waits until something happens, or somebody writes to the eventfd `wake`, at most so long (-1:
  // for ever; some milliseconds after a start), and tells it. Looks at whether the site's attempts
  // are to be read.
  void turn(int wait_ms);
  int wake() const { return wake_.get(); }
  std::size_t running() const { return attempts_.size(); }

 private:
  struct Output {
    std::optional<OutputPipes::Id> pipe;  // none where the stream goes to a file
    bool watched = false;
  };
  struct Attempt {
    model::ExecutionId execution;
    std::uint64_t serial = 0;
    std::string token;
    TmpFolder tmp_folder;
    std::shared_ptr<const AttemptSurroundings> surroundings;
    bool keep_tmp = false;
    Duration since{};  // CLOCK_MONOTONIC
    SlotTable::Slot* slot = nullptr;
    Child main;  // the first of its group, too
    bool reaped = false;
    Output outputs[2];        // by store::Stream
    std::size_t printed = 0;  // bytes
    MainExit exit;
  };

  // What the attempts of a job that come one after the other have in common.
  struct Alike {
    std::shared_ptr<const AttemptSurroundings> surroundings;
    std::shared_ptr<const model::JobTemplate> job;
    std::size_t values = 0;
    bool bound = false;
    std::string compute_environment;
    std::vector<std::string> environment;
    KnownPrograms programs;
  };
  void prepare(const Spawn& spawn, bool bound, const std::vector<std::string>& attempt);
  tl::expected<void, StartFailure> start(Attempt& attempt, const Spawn& spawn,
                                         const Parameters& parameters, SpawnRequest& request);
  tl::expected<void, StartFailure> launch(Attempt& attempt, SpawnRequest& request,
                                          const model::LogFiles& files);
  tl::expected<void, StartFailure> open_outputs(Attempt& attempt, SpawnRequest& request,
                                                const model::LogFiles& files,
                                                UniqueFd (&opened)[2]);
  void wait_for_events(int wait_ms);
  bool watch_main(Attempt& attempt);
  void watch_outputs(Attempt& attempt, bool on);
  void watch_output(Attempt& attempt, std::uint64_t stream, bool on);
  void watch_what_lasts();
  void follow_reading();
  ssize_t read_output(Attempt& attempt, std::uint64_t stream);
  void read_outputs(Attempt& attempt);
  void end_output(Attempt& attempt, std::uint64_t stream);
  void reap(Attempt& attempt);
  void finish_ended();
  bool anything_left(const Attempt& attempt);
  void finish(std::uint64_t serial);

  LaunchSite& site_;
  AttemptListener& listener_;
  Spawner spawner_;
  MainExits exits_;
  UniqueFd epoll_;
  UniqueFd wake_;
  OutputPipes pipes_;
  bool reading_ = true;
  Duration started_at_{};
  std::deque<std::uint64_t> fresh_;  // started not long ago: their outputs are not watched yet
  // The only attempt, of which an early end is expected: it has no pidfd and is waited for by pid.
  std::optional<std::uint64_t> brief_;
  bool expect_brief_ = false;  // by what ended last
  std::optional<Tick> tick_;
  Alike alike_;
  std::uint64_t serial_ = 0;
  std::unordered_map<std::uint64_t, Attempt> attempts_;  // by serial number
  std::vector<std::uint64_t> ending_;  // main process reaped, something may be left
  std::vector<char> buffer_;
};

}  // namespace mpibatch::node
