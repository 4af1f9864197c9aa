// The starter process: turns descriptors into calls of the core, and the core's actions into
// processes, records and messages. The main thread runs it; the launchers' threads call it for
// their attempts, so one lock guards the core and all else here.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/node/starter.hpp>
#include <mpibatch/node/starter_core.hpp>
#include <mpibatch/topology/allocation.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/launchers.hpp"
#include "node/node_folder.hpp"
#include "node/predecessor.hpp"
#include "node/segment_thread.hpp"
#include "node/tmp_folders.hpp"

namespace mpibatch::node {

struct StarterParts {
  FileSystem& files;
  NodePaths paths;
  std::unique_ptr<transport::UnixListener> listener;
  PredecessorCheck predecessor;
  topology::Allocation allocation;
  int signals = -1;  // a signalfd of SIGTERM and its like, nonblocking
};

class StarterLoop final : private LaunchListener {
 public:
  StarterLoop(StarterOptions options, StarterParts parts);
  ~StarterLoop() override;
  // Until told to leave or the lease has lapsed. True: nothing is left to do here, as rank 0 says.
  bool run();
  // Everything is killed, written and said. False: a program cannot be killed or the state folder
  // hangs; only _exit() helps.
  bool finish();

 private:
  // A connection that has not shown yet that it speaks for this run's rank 0.
  struct Caller {
    std::unique_ptr<transport::Link> link;
    std::optional<protocol::DownMessage> attach;
    std::string nonce;
    bool done = false;  // refused: goes once what is queued has left
  };

  Now now() const;
  // Which descriptors had something.
  struct Ready {
    bool callers = true;
    bool signals = true;
    bool reports = true;
    bool link = true;
  };
  Ready wait(std::unique_lock<std::mutex>& lock);
  void turn(const Ready& ready);
  Duration unused_until() const;
  void stop_now();
  void take_callers();
  void hear(Caller& caller);
  void refuse(Caller& caller, const std::string& reason);
  void ask_for_nonce();
  void nonce_checked(const NonceChecked& checked);
  void accept(Caller& caller, bool first_starter);
  std::string adopt(const protocol::Attach& attach);  // what is wrong with it; empty: nothing
  void make_core(bool first_starter);
  void take_reports();
  void hear_link();
  void drop_link();
  void act();
  void act_for_launcher();
  void spawn(Spawn spawn);
  void send(const protocol::UpMessage& message);
  void give_back_cpus(const model::ExecutionId& execution);
  void throttle();
  void started(const model::ExecutionId& execution, Duration at) override;
  void cannot_start(const model::ExecutionId& execution, StartFailure failure) override;
  void output(const model::ExecutionId& execution, store::Stream stream,
              std::string bytes) override;
  void ended(const model::ExecutionId& execution, model::AttemptEnd end) override;

  const SystemClock clock_;
  const StarterOptions options_;
  StarterParts parts_;
  const model::NodeName name_;
  const model::InstanceId instance_;
  const Now began_;
  SegmentThread segment_;

  std::mutex mutex_;  // of all that follow
  UniqueFd wake_;     // an eventfd: a launcher has changed what the main thread waits for
  bool waiting_ = false;
  Duration waits_for_{0};  // CLOCK_BOOTTIME
  topology::CpuPool cpus_;
  std::unique_ptr<TmpFolders> tmp_folders_;
  std::optional<StarterCore> core_;  // from the first Attach on
  LaunchSite site_;
  std::unique_ptr<transport::Link> link_;
  std::deque<Caller> callers_;
  bool nonce_asked_ = false;
  std::optional<Duration> refused_;  // somebody for another state folder than is seen here
  std::string nonce_;                // the last good one
  model::Epoch epoch_{};
  std::map<model::ExecutionId, std::vector<std::uint32_t>> bound_;
  bool link_has_more_ = false;  // messages that were not taken in this turn
  bool link_broken_ = false;    // found when something was to be sent
  bool throttled_ = false;
  bool leaving_ = false;
  bool settled_ = false;
  Launchers launchers_;  // goes first: its threads use all the others
};

}  // namespace mpibatch::node
