// Rank 0's rules, without sockets, files, threads or a clock: events become facts, facts are
// committed, and what leaves waits for the commit. The server's loop and the simulator drive the
// same coordinator. One thread uses it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/protocol/frames.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::server {

enum class LinkId : std::uint32_t {};

// Where the work's content comes from: by revision, since grants of an older one may still be out.
class WorkSource {
 public:
  virtual ~WorkSource() = default;
  virtual const model::PlannedJob& job(model::JobId id) const = 0;  // of the adopted plan
};

struct Allocation {
  Instant begin{};
  Instant end{};
};

struct CoordinatorSettings {
  std::string run;
  model::Epoch epoch{};
  std::string state_folder;
  std::string nonce;
  Duration lease{std::chrono::seconds{60}};
  Duration grace{std::chrono::seconds{30}};
  Duration margin{std::chrono::seconds{2}};  // on top of 4/3 of the lease
  std::uint32_t nodes_expected =
      1;  // nothing is granted before they all said hello, or `patience` is over
  Duration patience{std::chrono::seconds{30}};
  protocol::Surroundings surroundings;
  Instant claimed_at{};
  // The run's clock went on from the epoch before (same boot): deadlines that it journaled hold.
  bool waits_count_on = false;
  // Nothing is granted: whatever earlier epochs left running is ended (SIGKILL), then the run ends
  // as Interrupted.
  bool end_at_once = false;
  // When the nodes are taken from us, on the run's clock.
  std::optional<Allocation> allocation;
  // A rehearsal: these and what they wait for, nothing else; then the run ends, unfinished.
  std::vector<std::pair<model::JobId, model::Ranges>> only;
  // The starters know how to hold work for its turn (protocol::Grant::after).
  bool grants_after = true;
};

// What a link's node is for.
enum class NodeUse : std::uint8_t {
  Work,        // takes work; counts as one of nodes_expected
  FinishOnly,  // a share that no longer exists: what runs there may end, nothing new
};

// ---- what the driver is to do

struct SendDown {
  LinkId link{};
  protocol::DownMessage message;
};
// Read that instance's segment to its end, then call segment_read().
struct ReadSegment {
  model::NodeId node{};
  model::NodeName name;
  model::InstanceId instance;
};
struct Tell {  // a line for the user
  bool warning = false;
  std::string message;
};
using Command = std::variant<SendDown, ReadSegment, Tell>;

enum class RunEnd : std::uint8_t { Succeeded, SomeFailed, Refused, Interrupted, Stuck };

struct RunResult {
  RunEnd end = RunEnd::Succeeded;
  std::vector<std::string> reasons;
};

class Coordinator {
 public:
  // `scheduler` is recovered: every fact of earlier epochs is applied, and this epoch's EpochBegan
  // and adoption.
  Coordinator(CoordinatorSettings settings, scheduler::Scheduler scheduler, const WorkSource& work);
  ~Coordinator();

  // ---- what happened
  void link_opened(LinkId link, NodeUse use, Instant now);  // sends Attach
  void link_closed(LinkId link, Instant now);
  void receive(LinkId link, const protocol::UpMessage& message, Instant now);
  void segment_read(model::NodeId node, model::InstanceId instance,
                    const std::vector<store::AttemptEnded>& ends, Instant now);
  // What a user asks: CancelJob, HoldJob, RetryJob, SetPriority. False where the run is coming to
  // its end: it is for the next one.
  bool request(const scheduler::Event& request, Instant now);
  void interrupt(bool now_at_once, Instant now);  // Ctrl-C: once for orderly, again for at once
  void end_run(RunEnd end, std::string reason, Instant now);  // no node can be had, say
  // The journal cannot grow, or a segment not be read: ends the run in order, to go on later.
  void break_off(std::string reason, Instant now);
  void committed(std::uint64_t facts,
                 Instant now);       // facts of take_facts() that are safe, counted from the start
  void owner_verified(Instant now);  // the counter was raised, and no higher epoch exists
  void tick(Instant now);

  // ---- what follows
  std::vector<model::Fact> take_facts();   // to be journaled in this order; applied already
  std::vector<Command> take_commands();    // may leave now
  std::optional<Instant> wake_at() const;  // when to call tick()
  std::optional<RunResult> result()
      const;  // the run is over, everything committed, every starter told to leave

  const scheduler::Scheduler& scheduler() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mpibatch::server
