#include "rank_zero.hpp"

#include <algorithm>

#include <mpibatch/protocol/codec.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::fault {

namespace {

constexpr Duration kRaiseEvery = std::chrono::seconds{1};

}  // namespace

RankZero::RankZero(Cluster& cluster, unsigned number, Host& host, LifeOptions options,
                   std::function<void()> gone)
    : VirtualProcess(cluster.events, cluster.trace,
                     fmt::format("rank 0 ({}) on {}", number, host.name)),
      cluster_(cluster),
      host_(host),
      options_(std::move(options)),
      gone_(std::move(gone)),
      disk_(cluster.disk, *this, &host),
      ledger_(*cluster.workload) {}

RankZero::~RankZero() = default;

const model::PlannedJob& RankZero::job(model::JobId id) const {
  return cluster_.workload->planned(revision_, id);
}

Instant RankZero::now() const { return began_ + (host_.boot(events_.now()) - boot_began_); }

// ---- the nodes

void RankZero::open_ports() {
  for (const auto& node : cluster_.nodes) {
    const bool own = node->host == &host_;
    const bool work =
        std::find(options_.nodes.begin(), options_.nodes.end(), node.get()) != options_.nodes.end();
    if (!work && !own) continue;
    Port& port = *ports_.emplace_back(std::make_unique<Port>());
    port.node = node.get();
    port.use = work ? server::NodeUse::Work : server::NodeUse::FinishOnly;
    if (own) {
      port.door = std::make_unique<Door>(cluster_, *this, *this, *node, work, [this, &port] {
        port.line = port.door->line();
        opened(port);
      });
      later(cluster_.ms(0, 100), [&port] { port.door->step(); });
    } else {
      port.agent = std::make_unique<Agent>(
          cluster_, *node, fmt::format("agent of {} at {}", title(), model::to_string(node->name)));
      port.line = std::make_shared<Line>(cluster_, node.get(), *this, *port.agent);
      cables_.push_back(port.line);
      // A lost rank ends the world, but nobody is told at once.
      port.agent->begin(port.line, [this] {
        later(cluster_.ms(0, 3000), [this] { die("a rank of its world was lost"); });
      });
      opened(port);
    }
  }
}

void RankZero::opened(Port& port) {
  if (result_) return;
  port.link = server::LinkId{next_link_++};
  port.open = true;
  coordinator_->link_opened(port.link, port.use, now());
  pump();
}

RankZero::Port* RankZero::port_of(const Line& line) {
  for (const auto& port : ports_)
    if (port->line.get() == &line) return port.get();
  return nullptr;
}

void RankZero::hear(Line& line, const std::string& bytes) {
  enter([this, from = line.shared_from_this(), bytes] {
    const Port* port = port_of(*from);
    if (!port || !port->open || result_) return;
    const auto message = protocol::decode_up(bytes);
    if (!message) throw Violation{"a message does not decode: " + message.error().message};
    coordinator_->receive(port->link, *message, now());
    pump();
  });
}

void RankZero::hung_up(Line& line) {
  enter([this, from = line.shared_from_this()] {
    Port* port = port_of(*from);
    if (!port) return;
    port->line.reset();
    if (port->open && !result_) {
      port->open = false;
      coordinator_->link_closed(port->link, now());
      pump();
    }
    if (port->door) port->door->closed(*from);
  });
}

std::vector<Agent*> RankZero::agents() {
  std::vector<Agent*> found;
  for (const auto& port : ports_)
    if (port->agent) found.push_back(port->agent.get());
  return found;
}

void RankZero::break_line(Node& node) {
  for (const auto& port : ports_) {
    if (port->node != &node) continue;
    if (port->line) cluster_.tally(Seen::LineBroken);
    if (port->agent) port->agent->break_door();
    if (port->door && port->line) port->line->close();
  }
}

void RankZero::mended(Node& node) {
  for (const auto& line : cables_)
    if (line->cable() == &node) line->mended();
}

void RankZero::haunt(const protocol::UpMessage& ghost) {
  enter([this, ghost] {
    if (!running() || ports_.empty()) return;
    const Port& port = *cluster_.random.pick(ports_);
    if (!port.open || ghost.epoch == me_.epoch) return;
    cluster_.tally(Seen::GhostOfStarter);
    coordinator_->receive(port.link, ghost, now());
    pump();
  });
}

// ---- facts, commits, commands

void RankZero::write(const model::Fact& fact) {
  journal_->append(fact);
  cluster_.history->wrote(me_.epoch, fact);
  if (cluster_.fate && cluster_.history->wrote() == cluster_.fate->fact)
    doom_ = cluster_.fate->doom;
  ledger_.apply(fact);
  (void)ledger_.take_reopened();
  if (doomed(Doom::BeforeWrite)) die_here();
}

void RankZero::die_here() {
  arm(1);
  checkpoint();
}

bool RankZero::doomed(Doom doom) {
  if (doom_ != doom) return false;
  doom_.reset();
  cluster_.fate_met = true;
  cluster_.tally(
      static_cast<Seen>(static_cast<int>(Seen::DoomedBeforeWrite) + static_cast<int>(doom)));
  trace_("{} meets its fate", title());
  return true;
}

void RankZero::sleep() {
  stall();
  cluster_.asleep();
  events_.after(cluster_.settings.lease * 3, [this] { wake(); });
}

void RankZero::pump() {
  if (!coordinator_ || result_) return;
  for (model::Fact& fact : coordinator_->take_facts()) {
    trace_("  {}: {}", title(), model::to_string(fact));
    count(fact);
    const ChainCounts chains = ledger_.chains();
    cluster_.truth->decided(fact, revision_);
    write(fact);
    count_chains(fact, chains);
    ++appended_;
    uncommitted_.push_back(std::move(fact));
  }
  for (const server::Command& command : coordinator_->take_commands()) {
    checkpoint();
    take(command);
  }
  if (doomed(Doom::AfterOutput)) return die("after its output");
  if (appended_ > committed_ && !committing_ && !disk_failed_) {
    committing_ = true;
    later(cluster_.ms(0, 5), [this] { commit(); });
  }
  if (auto result = coordinator_->result()) {
    trace_("{} has ended its run: {} {}", title(), static_cast<int>(result->end),
           result->reasons.empty() ? "" : result->reasons.front());
    result_ = std::move(result);
    later(std::chrono::seconds{1}, [this] { die("its run has ended"); });
    return;
  }
  plan_tick();
}

void RankZero::count(const model::Fact& fact) {
  const auto saw = [&](Seen what) { cluster_.tally(what); };
  if (const auto* returned = std::get_if<model::Returned>(&fact))
    if (ledger_.wanted_elsewhere(*returned)) saw(Seen::BacklogTakenBack);
  if (const auto* gone = std::get_if<model::NodeGone>(&fact))
    saw(ledger_.loses_work(*gone) ? Seen::WorkLost : Seen::NodeGone);
  if (std::holds_alternative<model::GangGranted>(fact)) saw(Seen::GangGranted);
  if (const auto* later = std::get_if<model::GrantedAfter>(&fact)) {
    saw(Seen::GrantedAfter);
    if (cluster_.chained) cluster_.chained(later->granted.job);
  }
  if (const auto* cancel = std::get_if<model::CancelRequested>(&fact))
    if (ledger_.promised(cancel->job) > 0) saw(Seen::ChainCancelled);
  if (const auto* ended = std::get_if<model::Ended>(&fact))
    for (const model::FailedAttempt& attempt : ended->failed) {
      if (attempt.kind == model::EndKind::OutOfMemory) saw(Seen::OutOfMemory);
      if (attempt.kind == model::EndKind::CannotStart) saw(Seen::CouldNotStart);
      if (attempt.kind == model::EndKind::TimedOut) saw(Seen::TimedOut);
    }
  if (const auto* cancel = std::get_if<model::CancelRequested>(&fact))
    saw(cancel->terminate ? Seen::Terminated : Seen::Cancelled);
  if (const auto* hold = std::get_if<model::HoldRequested>(&fact))
    saw(hold->hold ? Seen::Held : Seen::Released);
  if (std::holds_alternative<model::RetryRequested>(fact)) saw(Seen::Retried);
  if (std::holds_alternative<model::PriorityRequested>(fact)) saw(Seen::PriorityChanged);
}

void RankZero::count_chains(const model::Fact& fact, const ChainCounts& before) {
  const ChainCounts now = ledger_.chains();
  const bool gone = std::holds_alternative<model::NodeGone>(fact);
  if (now.turns > before.turns) cluster_.tally(Seen::TurnCame);
  if (now.turns_of_older > before.turns_of_older) cluster_.tally(Seen::ChainTakenUp);
  if (!gone && now.called_off > before.called_off) cluster_.tally(Seen::PredecessorBad);
  if (gone && now.promised < before.promised) cluster_.tally(Seen::ChainLost);
}

void RankZero::take(const server::Command& command) {
  if (const auto* send = std::get_if<server::SendDown>(&command)) {
    for (const auto& port : ports_) {
      if (!port->open || port->link != send->link || !port->line) continue;
      cluster_.said_down.emplace_back(port->node, send->message);
      if (cluster_.said_down.size() > kGhostsKept) cluster_.said_down.pop_front();
      port->line->send(*this, protocol::encode(send->message));
    }
  } else if (const auto* read = std::get_if<server::ReadSegment>(&command)) {
    later(cluster_.ms(0, 200), [this, read = *read] { read_segment(read); });
  } else {
    trace_("{}: {}", title(), std::get<server::Tell>(command).message);
  }
}

void RankZero::break_off(const std::string& reason) {
  broken_off_ = true;
  coordinator_->break_off(reason, now());
  pump();
}

void RankZero::read_segment(const server::ReadSegment& read) {
  std::vector<store::AttemptEnded> ends;
  store::SegmentPosition position;
  const auto done =
      store::read_segment(disk_, cluster_.folder.segment(read.name, read.instance), position,
                          [&](const store::SegmentRecord& record) {
                            if (const auto* end = std::get_if<store::AttemptEnded>(&record))
                              ends.push_back(*end);
                          });
  if (!done && done.error().kind != ErrorKind::NotFound) {
    if (!cluster_.may_be_unreadable())
      throw Violation{"a segment cannot be read: " + done.error().message};
    trace_("{}: {}", title(), done.error().message);
    cluster_.tally(Seen::DamageMet);
    if (!result_) break_off(done.error().message);
    return;
  }
  later(cluster_.ms(0, 200), [this, read, ends] {
    if (result_) return;
    trace_("{} has read the segment of {}: {} ends", title(), model::to_string(read.instance),
           ends.size());
    coordinator_->segment_read(read.node, read.instance, ends, now());
    pump();
  });
}

bool RankZero::stop_if_superseded() {
  const auto superseded = store::superseded(disk_, cluster_.folder, me_.epoch);
  if (!superseded) throw Violation{"the owner cannot be read: " + superseded.error().message};
  if (*superseded) {
    cluster_.tally(Seen::RankZeroSuperseded);
    die("another rank 0 has taken over");
  }
  return *superseded;
}

void RankZero::raise() {
  if (result_ || wait_for_disk([this] { raise(); })) return;
  if (const auto raised = store::raise_counter(disk_, cluster_.folder, me_.epoch, ++counter_);
      !raised)
    throw Violation{"the counter cannot be raised: " + raised.error().message};
  // As old as the look at the owner, however late the answer is used.
  const Instant asked = now();
  if (stop_if_superseded()) return;
  later(notice(), [this, asked] {
    if (result_) return;
    coordinator_->owner_verified(asked);
    pump();
  });
  later(kRaiseEvery + cluster_.ms(0, 3000), [this] { raise(); });
}

void RankZero::plan_tick() {
  const auto wake = coordinator_->wake_at();
  const Duration at = wake ? *wake - began_ + boot_began_ : host_.boot(events_.now());
  later(host_.wait_for(at, events_.now()), [this, tick = ++tick_] {
    if (tick != tick_ || result_) return;
    coordinator_->tick(now());
    pump();
  });
}

void RankZero::interrupt(bool at_once) {
  enter([this, at_once] {
    if (!running()) return;
    trace_("{} is interrupted{}", title(), at_once ? " at once" : "");
    cluster_.tally(Seen::Interrupted);
    coordinator_->interrupt(at_once, now());
    pump();
  });
}

void RankZero::died() {
  if (coordinator_ && !result_) cluster_.tally(Seen::RankZeroLost);
  if (compaction_) compaction_->die("its rank 0 has gone");
  for (const auto& port : ports_)
    if (port->line) port->line->close();
  gone_();
}

}  // namespace mpibatch::fault
