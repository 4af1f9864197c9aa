// The starter's rules, without processes, sockets, files or a clock: slots, backlog, lease, ends
// kept until they are acknowledged, what to write to the segment. The starter process and the
// simulator drive the same core. One thread uses it. `boot` and `awake` are that host's
// CLOCK_BOOTTIME and CLOCK_MONOTONIC, `wall` its time of day.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/protocol/frames.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::node {

struct Now {
  Duration boot{0};
  Duration awake{0};
  Instant wall{};
};

struct StarterSettings {
  std::string run;
  model::NodeName name;
  model::InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::vector<std::string> features = {};  // sorted
  std::string placement;
  std::vector<std::string> notices;       // what the user should know of this node; told once
  std::vector<std::string> remarks = {};  // what may surprise, but is as it should be
  model::Predecessor predecessor = model::Predecessor::CannotTell;
  Duration lease{std::chrono::seconds{60}};  // until Attach says another
};

// ---- what the driver is to do, in order

struct Send {
  protocol::UpMessage message;
};
// Start this attempt now; answer with started() or cannot_start(). Its resources are taken already.
struct Spawn {
  model::ExecutionId execution;
  std::uint8_t attempt = 1;
  std::shared_ptr<const model::JobTemplate> job;
  std::vector<std::string> values;  // of job->parameter_names
  model::Resources each = {};
  std::string environment = {};  // AWS_BATCH_CE_NAME; empty: none was named
};
enum class EndSignal : std::uint8_t { Term, Kill };
// To the attempt's whole group; after Kill nothing of it may live on. Answer with ended() once it
// has.
struct Signal {
  model::ExecutionId execution;
  EndSignal signal = EndSignal::Term;
};
struct Append {
  store::SegmentRecord record;
};
// Sync the segment, then call synced(ticket).
struct Sync {
  std::uint64_t ticket = 0;
};
// KILL whatever is left and leave the machine.
struct Exit {
  std::string reason;
  bool settled = false;  // rank 0 says: nothing of this run is left to do here
};
using Action = std::variant<Send, Spawn, Signal, Append, Sync, Exit>;

class StarterCore {
 public:
  explicit StarterCore(StarterSettings settings);
  ~StarterCore();

  // A message from rank 0 over the newest link. Older epochs, other instances and unknown grants'
  // repeats are dropped; a higher epoch's Attach is answered with Hello and every unacknowledged
  // end.
  void receive(const protocol::DownMessage& message, Now now);
  // The link to rank 0 broke: work goes on until the lease lapses.
  void link_lost(Now now);

  void started(model::ExecutionId execution, std::vector<std::uint32_t> cpus, Now now,
               Duration ago = Duration{0});
  void cannot_start(model::ExecutionId execution, std::int32_t code, std::string reason, Now now);
  void output(model::ExecutionId execution, store::Stream stream, std::string bytes);
  // The main process has ended and nothing of the attempt is left. `kind` is Exited, Signaled, or
  // OutOfMemory where the kernel killed it, or something of it, for that: what it is to be called
  // (TimedOut, Stopped) is decided here.
  void ended(model::ExecutionId execution, model::AttemptEnd end, Now now);
  void synced(std::uint64_t ticket, Now now);
  // The segment can no longer be written: nothing more starts, rank 0 is told.
  void segment_failed(const std::string& message, Now now);

  // Timeouts, graces, renewals, lapse; call when wake_at() has come, and at any other time.
  void tick(Now now);
  // When to call tick() again, as CLOCK_BOOTTIME; Duration::max(): never.
  Duration wake_at() const;

  // Call it again, until it has none, once these are done: starting something gives new ones.
  std::vector<Action> take_actions();
  bool idle() const;  // holds nothing that runs, waits or is unacknowledged

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mpibatch::node
