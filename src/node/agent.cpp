#include <mpibatch/node/agent.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/node/starter_port.hpp>
#include <mpibatch/protocol/codec.hpp>

namespace mpibatch::node {

namespace {

constexpr std::size_t kWaitingBytesMax = std::size_t{32} << 20;  // then the other side waits
constexpr Duration kLeavePatience = std::chrono::seconds{10};
constexpr int kMessagesATurn = 64;

class Relay {
 public:
  Relay(const LaunchOptions& options, transport::Link& rank_0)
      : port_(options, true), rank_0_(rank_0) {}

  int run() {
    while (true) {
      const Duration now = clock_.boot();
      rank_0_.progress();
      if (rank_0_.closed()) return 1;
      port_.step(now);
      transport::Link* starter = port_.link();
      if (port_.links_made() != links_) attach_anew(starter);
      if (starter) starter->progress();
      pass_down(starter);
      if (starter) pass_up(*starter);
      if (leave_until_ && (!port_.link() || port_.link()->closed() || now > *leave_until_))
        return 0;
      wait(starter);
    }
  }

 private:
  // The first link is attached by rank 0 itself; what it said before there was one is only this.
  void attach_anew(transport::Link* starter) {
    links_ = port_.links_made();
    if (starter && attach_) (void)starter->send(protocol::encode(*attach_));
  }

  void pass_down(transport::Link* starter) {
    for (int i = 0; i < kMessagesATurn; ++i) {
      if (starter && starter->queued_bytes() > kWaitingBytesMax) return;
      std::optional<std::string> bytes = rank_0_.receive();
      if (!bytes) return;
      const bool leave = note(*bytes);
      // Without a starter there is nobody this could be for: a new one tells rank 0 what it holds.
      if (starter) (void)starter->send(std::move(*bytes));
      if (leave) leave_until_ = clock_.boot() + kLeavePatience;
    }
  }

  void pass_up(transport::Link& starter) {
    for (int i = 0; i < kMessagesATurn && rank_0_.queued_bytes() <= kWaitingBytesMax; ++i) {
      std::optional<std::string> bytes = starter.receive();
      if (!bytes) return;
      (void)rank_0_.send(std::move(*bytes));
    }
  }

  // Remembers an Attach; true if the message says Leave.
  bool note(const std::string& bytes) {
    const auto message = protocol::decode_down(bytes);
    if (!message) return false;  // the starter answers it
    bool leave = false;
    for (const protocol::DownFrame& frame : message->frames) {
      if (std::holds_alternative<protocol::Attach>(frame))
        attach_ = protocol::DownMessage{message->epoch, {}, {frame}};
      leave |= std::holds_alternative<protocol::Leave>(frame);
    }
    return leave;
  }

  void wait(transport::Link* starter) {
    pollfd fds[2];
    nfds_t count = 0;
    int timeout = 1000;
    const auto add = [&](transport::Link& link) {
      fds[count++] = {link.descriptor(),
                      static_cast<short>(POLLIN | (link.wants_write() ? POLLOUT : 0)), 0};
      if (link.wait_ms_max() >= 0) timeout = std::min(timeout, link.wait_ms_max());
    };
    add(rank_0_);
    if (starter) add(*starter);
    if (port_.wait_ms_max() >= 0) timeout = std::min(timeout, port_.wait_ms_max());
    ::poll(fds, count, timeout);
  }

  const SystemClock clock_;
  StarterPort port_;
  transport::Link& rank_0_;
  std::uint64_t links_ = 0;
  std::optional<protocol::DownMessage> attach_;
  std::optional<Duration> leave_until_;
};

}  // namespace

int run_agent(const LaunchOptions& options, transport::Link& rank_0) {
  // Open MPI does not always take its ranks along when it is killed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return Relay(options, rank_0).run();
}

}  // namespace mpibatch::node
