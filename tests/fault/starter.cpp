#include "starter.hpp"

#include <algorithm>
#include <csignal>

#include <mpibatch/protocol/codec.hpp>

namespace mpibatch::fault {

using model::ExecutionId;

namespace {

// The core refuses what only a launcher can run. To all else a gang's part is one more child: it
// holds what its members ask for, and ends by itself or by a Stop.
protocol::DownMessage as_single_parts(protocol::DownMessage message) {
  for (protocol::DownFrame& frame : message.frames)
    if (auto* grant = std::get_if<protocol::Grant>(&frame)) grant->gang.reset();
  return message;
}

bool attaches(const protocol::DownMessage& message) {
  return !message.frames.empty() &&
         std::holds_alternative<protocol::Attach>(message.frames.front());
}

}  // namespace

VirtualStarter::VirtualStarter(Cluster& cluster, Node& node)
    : VirtualProcess(cluster.events, cluster.trace,
                     fmt::format("starter {} of {}", cluster.starters.size() + 1,
                                 model::to_string(node.name))),
      cluster_(cluster),
      node_(node),
      instance_{cluster.starters.size() + 1},
      disk_(cluster.disk, *this, node.host) {}

VirtualStarter::~VirtualStarter() = default;

node::Now VirtualStarter::now() const {
  const Duration boot = node_.host->boot(events_.now());
  // 1970 and on; the time of day of every host is wrong in its own way.
  return {boot, boot, Instant{std::chrono::hours{500'000}} + events_.now() + node_.host->wall_skew};
}

// Holds the node's lock from here on; whoever held it before is dead, and what it left is swept.
void VirtualStarter::boot() {
  trace_("{} begins", title());
  began_ = now();
  for (const auto& other : cluster_.starters)
    if (&other->node() == &node_ && !other->alive()) other->sweep();
  if (std::exchange(node_.unseen_starters, false))
    node_.doubt_until = began_.boot + 2 * cluster_.settings.lease;
  later(cluster_.settings.lease, [this] {
    if (!core_) die("nobody came");
  });
}

// ---- callers

void VirtualStarter::called(const std::shared_ptr<Line>& line) {
  enter([this, line] { callers_.push_back({line, {}, {}}); });
}

void VirtualStarter::hear(Line& line, const std::string& bytes) {
  enter([this, from = line.shared_from_this(), bytes] {
    if (from == link_) return hear_link(bytes);
    for (Caller& caller : callers_)
      if (caller.line == from) return hear_caller(caller, bytes);
  });
}

void VirtualStarter::hung_up(Line& line) {
  enter([this, from = line.shared_from_this()] {
    std::erase_if(callers_, [&](const Caller& caller) { return caller.line == from; });
    if (from == link_) drop_link();
  });
}

void VirtualStarter::hear_caller(Caller& caller, const std::string& bytes) {
  if (caller.attach) {
    caller.unread.push_back(bytes);
    return;
  }
  const auto message = protocol::decode_down(bytes);
  if (!message) throw Violation{"a message does not decode: " + message.error().message};
  if (!attaches(*message) || message->epoch < epoch_) return;
  caller.attach = *message;
  later(cluster_.ms(0, 50), [this, line = caller.line.get()] { accept(line); });
}

void VirtualStarter::accept(Line* line) {
  const auto found = std::find_if(callers_.begin(), callers_.end(), [&](const Caller& caller) {
    return caller.line.get() == line && caller.attach;
  });
  if (found == callers_.end() || found->attach->epoch < epoch_) return;
  Caller caller = std::move(*found);
  callers_.erase(found);
  if (!core_) make_core();
  if (link_) {
    link_->close();
    drop_link();
  }
  epoch_ = caller.attach->epoch;
  link_ = caller.line;
  core_->receive(*caller.attach, now());
  act();
  for (const std::string& bytes : caller.unread) hear(*caller.line, bytes);
}

void VirtualStarter::hear_link(const std::string& bytes) {
  auto message = protocol::decode_down(bytes);
  if (!message) throw Violation{"a message does not decode: " + message.error().message};
  if (attaches(*message)) {
    callers_.push_back({link_, {}, {}});
    drop_link();
    return hear_caller(callers_.back(), bytes);
  }
  core_->receive(as_single_parts(*std::move(message)), now());
  act();
}

void VirtualStarter::drop_link() {
  link_.reset();
  core_->link_lost(now());
  act();
}

bool VirtualStarter::is_stale(const protocol::DownMessage& message) const {
  return core_ && (message.epoch < epoch_ ||
                   (message.instance != instance_ && message.instance != model::InstanceId{}));
}

void VirtualStarter::haunt(const protocol::DownMessage& ghost) {
  enter([this, ghost] {
    if (!is_stale(ghost)) return;
    cluster_.tally(Seen::GhostOfRankZero);
    core_->receive(as_single_parts(ghost), now());
    act();
  });
}

// ---- the core and what it wants done

void VirtualStarter::make_core() {
  auto writer = store::SegmentWriter::create(disk_, cluster_.folder, {kRun, node_.name, instance_});
  if (!writer) throw Violation{"a segment cannot be created: " + writer.error().message};
  writer_ = std::move(*writer);
  node::StarterSettings settings;
  settings.run = kRun;
  settings.name = node_.name;
  settings.instance = instance_;
  settings.boot_id = node_.host->boot_id();
  settings.capacity = node_.capacity;
  settings.features = node_.features;
  const bool doubt = began_.boot < node_.doubt_until || cluster_.random.chance(50);
  settings.predecessor = doubt ? model::Predecessor::CannotTell : model::Predecessor::None;
  settings.lease = cluster_.settings.lease;
  core_ = std::make_unique<node::StarterCore>(std::move(settings));
  core_->tick(began_);
}

void VirtualStarter::act() {
  if (!core_ || acting_ || !alive()) return;
  acting_ = true;
  for (auto actions = core_->take_actions(); !actions.empty(); actions = core_->take_actions()) {
    for (const node::Action& action : actions)
      if (const auto* append = std::get_if<node::Append>(&action)) {
        writer_->append(append->record);
        if (const auto* end = std::get_if<store::AttemptEnded>(&append->record))
          ends_unsynced_.push_back(*end);
        write_soon();
      }
    for (const node::Action& action : actions) {
      checkpoint();
      if (const auto* order = std::get_if<node::Sync>(&action)) sync(order->ticket);
      if (const auto* order = std::get_if<node::Spawn>(&action)) spawn(*order);
      if (const auto* order = std::get_if<node::Signal>(&action)) signal(*order);
      if (const auto* send = std::get_if<node::Send>(&action)) {
        cluster_.said_up.push_back(send->message);
        if (cluster_.said_up.size() > kGhostsKept) cluster_.said_up.pop_front();
        if (link_) link_->send(*this, protocol::encode(send->message));
      }
      if (const auto* exit = std::get_if<node::Exit>(&action); exit && !leaving_) leave(*exit);
      if (!alive()) return;
    }
  }
  acting_ = false;
  plan_tick();
}

void VirtualStarter::plan_tick() {
  const Duration at = core_->wake_at();
  if (at == Duration::max()) return;
  const Duration delay = node_.host->wait_for(at, events_.now());
  later(delay, [this, tick = ++tick_] {
    if (tick != tick_) return;
    core_->tick(now());
    act();
  });
}

// As the real one: KILL all, note how they ended, write what can be written, go.
void VirtualStarter::leave(const node::Exit& exit) {
  leaving_ = true;
  told_ = exit.settled;
  std::vector<ExecutionId> left;
  for (const auto& [execution, attempt] : attempts_) left.push_back(execution);
  for (const ExecutionId& execution : left) kill(execution, true);
  acting_ = false;
  act();
  if (!syncing_ && cluster_.random.chance(800) && commit()) commit_done();
  die("it leaves: " + exit.reason);
}

void VirtualStarter::died() {
  if (!leaving_ && core_) cluster_.tally(Seen::StarterLost);
  for (const Caller& caller : callers_) caller.line->close();
  if (link_) link_->close();
  // SIGKILL at once, yet a process may take a moment to be gone.
  for (const auto& [execution, attempt] : attempts_) {
    const Duration delay = cluster_.random.chance(700) ? Duration{0} : cluster_.ms(1, 300);
    events_.after(delay, [this, id = execution] { kill(id, false); });
  }
}

void VirtualStarter::sweep() {
  const auto left = attempts_;
  for (const auto& [execution, attempt] : left) kill(execution, false);
}

// ---- attempts

Outcome VirtualStarter::outcome_of(const node::Spawn& order) const {
  const ExecutionId& execution = order.execution;
  if (!cluster_.truth->is_main(execution.grant)) return cluster_.workload->other_part(execution);
  return cluster_.workload->outcome(cluster_.truth->child_of(execution), order.attempt);
}

void VirtualStarter::spawn(const node::Spawn& order) {
  if (leaving_) return;
  const ExecutionId& execution = order.execution;
  const ChildName child = cluster_.truth->child_of(execution);
  const Outcome outcome = outcome_of(order);
  cluster_.truth->process_started(execution, order.attempt, order.values, title());
  if (outcome.deed == Deed::NoStart) {
    cluster_.truth->process_over(execution, Deed::NoStart);
    core_->cannot_start(execution, 127, "no such program", now());
    return;
  }
  trace_("  process {} ({}:{}) starts on {}, attempt {}", model::to_string(execution),
         order.job->name, child.second, title(), order.attempt);
  attempts_.emplace(execution, Attempt{order.job, order.each, outcome});
  check_room(execution);
  if (outcome.deed != Deed::Hang && outcome.deed != Deed::Wait)
    events_.after(outcome.length, [this, execution] { process_ends(execution); });
  core_->started(execution, {}, now());
  if (outcome.prints) core_->output(execution, store::Stream::Stdout, "hello\n");
}

// Never over what the node has; an exclusive gang has it alone.
void VirtualStarter::check_room(const ExecutionId& execution) const {
  model::Resources used{0, 0, 0};
  bool exclusive = false;
  for (const auto& [id, attempt] : attempts_) {
    used.vcpus += attempt.each.vcpus;
    used.memory_mib += attempt.each.memory_mib;
    used.gpus += attempt.each.gpus;
    const auto& gang = cluster_.workload->spec(id.job).gang;
    exclusive = exclusive || (gang && gang->exclusive);
  }
  const model::Resources& all = node_.capacity;
  if (used.vcpus > all.vcpus || used.memory_mib > all.memory_mib || used.gpus > all.gpus)
    throw Violation{title() + " runs more than its node has room for"};
  if (exclusive && attempts_.size() > 1)
    throw Violation{
        fmt::format("{} starts {} beside an exclusive gang", title(), model::to_string(execution))};
}

void VirtualStarter::process_ends(const ExecutionId& execution) {
  const auto found = attempts_.find(execution);
  if (found == attempts_.end()) return;
  const Deed deed = found->second.outcome.deed;
  cluster_.truth->process_over(execution, deed);
  model::AttemptEnd end;
  if (deed == Deed::Fail) end.code = 1;
  if (deed == Deed::GiveUp) end.code = kGiveUpCode;
  if (deed == Deed::Crash) {
    end.kind = model::EndKind::Signaled;
    end.code = SIGSEGV;
  }
  if (deed == Deed::OutOfMemory) {
    end.kind = model::EndKind::OutOfMemory;
    end.code = 128 + SIGKILL;
  }
  report(execution, std::move(end));
}

void VirtualStarter::kill(const ExecutionId& execution, bool tell) {
  if (!attempts_.contains(execution)) return;
  cluster_.truth->process_over(execution, std::nullopt);
  model::AttemptEnd end;
  end.kind = model::EndKind::Signaled;
  end.code = SIGKILL;
  if (tell && leaving_) {
    core_->ended(execution, std::move(end), now());
    attempts_.erase(execution);
  } else {
    report(execution, std::move(end));
  }
}

// The process is gone; the starter learns of it.
void VirtualStarter::report(const ExecutionId& execution, model::AttemptEnd end) {
  const auto found = attempts_.find(execution);
  const bool prints = found->second.outcome.prints;
  attempts_.erase(found);
  const auto tell = [this, execution, end = std::move(end), prints] {
    if (prints) core_->output(execution, store::Stream::Stderr, "bye\n");
    core_->ended(execution, end, now());
    act();
  };
  // After a stall the ends are taken first: what ended in time has not timed out.
  events_.after(cluster_.ms(0, 5), [this, tell] { enter_first(tell); });
}

void VirtualStarter::signal(const node::Signal& order) {
  const auto found = attempts_.find(order.execution);
  if (found == attempts_.end()) return;
  const bool term = order.signal == node::EndSignal::Term;
  if (term && !found->second.outcome.heeds_term) return;
  events_.after(cluster_.ms(0, term ? 500 : 3),
                [this, execution = order.execution] { kill(execution, true); });
}

// ---- the segment

void VirtualStarter::write_soon() {
  if (std::exchange(writing_, true)) return;
  later(cluster_.ms(0, 1000), [this] {
    writing_ = false;
    (void)writer_->write();
  });
}

void VirtualStarter::sync(std::uint64_t ticket) {
  ticket_wanted_ = ticket;
  if (syncing_) return;
  later(cluster_.ms(0, 5), [this] {
    if (syncing_ || !commit()) return;
    later(cluster_.random.skewed(Duration{100}, cluster_.settings.sync_max),
          [this] { commit_done(); });
  });
}

bool VirtualStarter::commit() {
  disk_.defer_syncs(true);
  const Result<void> written =
      disk_fails_ ? fail(ErrorKind::System, "disk failed") : writer_->commit();
  disk_.defer_syncs(false);
  if (!written) {
    core_->segment_failed(written.error().message, now());
    act();
    return false;
  }
  syncing_ = true;
  ticket_under_way_ = ticket_wanted_;
  ends_under_way_ = std::exchange(ends_unsynced_, {});
  return true;
}

void VirtualStarter::commit_done() {
  syncing_ = false;
  const Result<void> synced = disk_.finish_syncs();
  if (!synced) {
    core_->segment_failed(synced.error().message, now());
  } else {
    for (const store::AttemptEnded& end : ends_under_way_)
      cluster_.truth->synced(end.execution, end.end);
    core_->synced(ticket_under_way_, now());
  }
  if (!leaving_ && synced && ticket_wanted_ > ticket_under_way_) sync(ticket_wanted_);
  act();
}

void VirtualStarter::out_of_sight() {
  for (const Caller& caller : callers_) caller.line->close();
  if (link_) link_->close();
}

void VirtualStarter::fail_disk() {
  cluster_.tally(Seen::DiskFailed);
  trace_("{}: its segment cannot be written any more", title());
  disk_fails_ = true;
}

}  // namespace mpibatch::fault
