#include <mpibatch/server/run_loop.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include <mpibatch/protocol/codec.hpp>
#include <mpibatch/store/request.hpp>
#include <mpibatch/store/segment.hpp>

#include "server/committer.hpp"

namespace mpibatch::server {

namespace {

constexpr int kMessagesMax = 256;  // of one link in a row: others get their turn
constexpr auto kShowEvery = std::chrono::milliseconds(100);
constexpr auto kInboxEvery = std::chrono::milliseconds(500);
constexpr auto kGrowthEvery = std::chrono::seconds(1);

class Loop {
 public:
  Loop(Coordinator& coordinator, RunLoopParts parts)
      : coordinator_(coordinator),
        parts_(std::move(parts)),
        committer_(parts_.files, parts_.folder, parts_.owner, std::move(parts_.journal),
                   std::move(parts_.settle)),
        connected_(parts_.ports.size()) {}

  LoopResult run() {
    while (true) {
      const bool more = take_messages();
      take_commits();
      take_signals();
      take_requests();
      if (superseded_)
        return {{RunEnd::Interrupted, {"another rank 0 has taken over this run"}}, true};
      if (const auto wake = coordinator_.wake_at(); !wake || *wake <= now())
        coordinator_.tick(now());
      hand_over();
      if (const auto result = coordinator_.result()) {
        flush();
        return {*result, false};
      }
      show();
      wait(more);
    }
  }

 private:
  struct Connection {
    std::optional<LinkId> id;
    std::uint64_t links_made = 0;
  };

  Instant now() const { return parts_.time.now(parts_.clock); }

  // True if some link has more than its turn's share.
  bool take_messages() {
    bool more = false;
    for (std::size_t i = 0; i < parts_.ports.size(); ++i) {
      NodePort& port = *parts_.ports[i];
      Connection& connection = connected_[i];
      port.step(parts_.clock.boot());
      transport::Link* link = port.link();
      const bool same = link != nullptr && connection.links_made == port.links_made();
      if (connection.id && !same) {
        coordinator_.link_closed(*connection.id, now());
        connection.id.reset();
      }
      if (link == nullptr) {
        if (std::string failure = port.failure(); !failure.empty() && port.use() == NodeUse::Work)
          coordinator_.end_run(RunEnd::Refused, std::move(failure), now());
        continue;
      }
      if (!connection.id) {
        connection = {LinkId{next_link_++}, port.links_made()};
        coordinator_.link_opened(*connection.id, port.use(), now());
      }
      link->progress();
      int left = kMessagesMax;
      while (left > 0) {
        const auto bytes = link->receive();
        if (!bytes) break;
        --left;
        if (const auto message = protocol::decode_up(*bytes)) {
          coordinator_.receive(*connection.id, *message, now());
        } else {
          parts_.observer.tell({true, "a message was dropped: " + message.error().message});
        }
      }
      more = more || left == 0;
    }
    return more;
  }

  void take_commits() {
    const CommitReport report = committer_.report();
    if (report.superseded) superseded_ = true;
    if (report.verifications != report_.verifications) coordinator_.owner_verified(now());
    if (report.committed != report_.committed) {
      coordinator_.committed(report.committed, now());
      remove_requests(report.committed);
    }
    if (!report.failure.empty() && report_.failure.empty())
      coordinator_.break_off(fmt::format("the run's state cannot be written ({}): {}",
                                         parts_.folder.path, report.failure),
                             now());
    report_ = report;
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (parts_.signals >= 0 && ::read(parts_.signals, &signal, sizeof signal) == sizeof signal)
      coordinator_.interrupt(interrupts_++ > 0, now());
  }

  void take_requests() {
    if (now() < inbox_at_) return;
    inbox_at_ = now() + kInboxEvery;
    std::vector<std::string> damaged;
    const auto requests = store::read_requests(parts_.files, parts_.folder, damaged);
    if (!requests) return;
    for (const store::Request& request : *requests) apply(request);
    for (const std::string& path : damaged)
      if (std::find(damaged_told_.begin(), damaged_told_.end(), path) == damaged_told_.end()) {
        damaged_told_.push_back(path);
        parts_.observer.tell(
            {true, "not a request, or of another version: " + path + " (remove it)"});
      }
  }

  void apply(const store::Request& request) {
    const scheduler::Scheduler& core = coordinator_.scheduler();
    if (core.request_known(request.id)) {
      // Of a run before this loop, or of a look before this one.
      if (pending_.empty() && report_.synced.number > 0)
        (void)store::remove_request(parts_.files, parts_.folder, request);
      else
        remove_when_safe(request);
      return;
    }
    const auto event = store::event_of(request, core);
    if (!event) {
      parts_.observer.tell({true, event.error().message});
      (void)store::remove_request(parts_.files, parts_.folder, request);
      return;
    }
    if (!coordinator_.request(*event, now())) return;  // the next run takes it
    hand_over();
    if (!core.request_known(request.id))  // there was nothing to do
      (void)store::remove_request(parts_.files, parts_.folder, request);
    else
      remove_when_safe(request);
  }

  void remove_when_safe(const store::Request& request) {
    const auto same = [&](const auto& each) { return each.second.id == request.id; };
    if (std::none_of(pending_.begin(), pending_.end(), same))
      pending_.push_back({submitted_, request});
  }

  void remove_requests(std::uint64_t committed) {
    for (const auto& [after, request] : pending_)
      if (after <= committed) (void)store::remove_request(parts_.files, parts_.folder, request);
    std::erase_if(pending_, [&](const auto& pending) { return pending.first <= committed; });
  }

  // Facts to the disk, commands to the links.
  void hand_over() {
    std::vector<model::Fact> facts = coordinator_.take_facts();
    if (!facts.empty()) {
      parts_.observer.facts(facts, coordinator_.scheduler());
      submitted_ += facts.size();
      committer_.submit(std::move(facts));
    }
    std::vector<Command> commands = coordinator_.take_commands();
    for (Command& command : commands) {
      if (auto* send = std::get_if<SendDown>(&command)) {
        this->send(*send);
      } else if (auto* read = std::get_if<ReadSegment>(&command)) {
        this->read(*read);
      } else {
        parts_.observer.tell(std::get<Tell>(command));
      }
    }
    if (!commands.empty()) hand_over();  // a segment's ends make facts
  }

  void send(const SendDown& command) {
    for (std::size_t i = 0; i < connected_.size(); ++i) {
      if (connected_[i].id != command.link) continue;
      // A message that a broken link does not take is lost with it: the next Hello's inventory
      // tells.
      if (transport::Link* link = parts_.ports[i]->link())
        (void)link->send(protocol::encode(command.message));
    }
  }

  void read(const ReadSegment& command) {
    std::vector<store::AttemptEnded> ends;
    store::SegmentPosition position;
    const std::string path = parts_.folder.segment(command.name, command.instance);
    const auto done =
        store::read_segment(parts_.files, path, position, [&](const store::SegmentRecord& record) {
          if (const auto* end = std::get_if<store::AttemptEnded>(&record)) ends.push_back(*end);
        });
    // No segment, no end in it. Any other failure: the ends may be there, so nothing may run again
    // yet.
    if (!done && done.error().kind != ErrorKind::NotFound) {
      coordinator_.break_off(
          fmt::format("a node's segment cannot be read: {}", done.error().message), now());
      return;
    }
    coordinator_.segment_read(command.node, command.instance, ends, now());
  }

  // Leave is queued on the links: it needs a moment to go. What starters saw of the last ends is in
  // their segments once they have left, and not before; the last snapshot reads it there.
  void flush() {
    const Duration until = parts_.clock.boot() + std::chrono::seconds(1);
    bool wait = true;
    while (wait && parts_.clock.boot() < until) {
      wait = false;
      for (const auto& port : parts_.ports)
        if (transport::Link* link = port->link(); link != nullptr && !link->closed()) {
          link->progress();
          while (link->receive()) {
          }
          wait = wait || link->queued_bytes() > 0 || (port->tells_of_its_end() && !link->closed());
        }
      if (wait) ::poll(nullptr, 0, 1);
    }
  }

  void show() {
    if (now() >= show_at_) {
      show_at_ = now() + kShowEvery;
      parts_.observer.idle(coordinator_.scheduler(), now());
    }
    if (now() >= growth_at_) {
      growth_at_ = now() + kGrowthEvery;
      parts_.observer.journal_grew(report_.journal_bytes, report_.synced);
    }
  }

  void wait(bool more) {
    std::vector<pollfd> waits{{committer_.descriptor(), POLLIN, 0}};
    if (parts_.signals >= 0) waits.push_back({parts_.signals, POLLIN, 0});
    std::int64_t most = std::chrono::duration_cast<std::chrono::milliseconds>(kShowEvery).count();
    const auto at_most = [&](std::int64_t ms) {
      if (ms >= 0) most = std::min(most, ms);
    };
    for (const auto& port : parts_.ports) {
      at_most(port->wait_ms_max());
      transport::Link* link = port->link();
      if (link == nullptr) continue;
      waits.push_back({link->descriptor(),
                       static_cast<short>(POLLIN | (link->wants_write() ? POLLOUT : 0)), 0});
      at_most(link->wait_ms_max());
    }
    if (const auto wake = coordinator_.wake_at())
      at_most(std::max<std::int64_t>(
          0, std::chrono::ceil<std::chrono::milliseconds>(*wake - now()).count()));
    ::poll(waits.data(), waits.size(), more ? 0 : static_cast<int>(most));
  }

  Coordinator& coordinator_;
  RunLoopParts parts_;
  Committer committer_;
  std::vector<Connection> connected_;  // one a port
  CommitReport report_;
  std::uint64_t submitted_ = 0;
  std::vector<std::pair<std::uint64_t, store::Request>> pending_;  // removed after so many commits
  std::vector<std::string> damaged_told_;
  std::uint32_t next_link_ = 1;
  int interrupts_ = 0;
  bool superseded_ = false;
  Instant inbox_at_{};
  Instant show_at_{};
  Instant growth_at_{};
};

}  // namespace

LoopResult run_loop(Coordinator& coordinator, RunLoopParts parts) {
  return Loop(coordinator, std::move(parts)).run();
}

}  // namespace mpibatch::server
