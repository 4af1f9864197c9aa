// What goes wrong. Each seed has a few kinds of faults of its own: many kinds at once hide what two
// of them do together.
#include <algorithm>

#include "starter.hpp"
#include "world.hpp"

namespace mpibatch::fault {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void World::choose_faults() {
  Random& random = cluster_.random;
  const std::vector<Fault> all{
      &World::crash_rank_zero, &World::crash_rank_zero, &World::stop_rank_zero,
      &World::rival_life,      &World::crash_agent,     &World::stop_agent,
      &World::stop_host,       &World::crash_starter,   &World::crash_starter,
      &World::stop_starter,    &World::break_link,      &World::cut_cable,
      &World::cut_cable,       &World::lose_power,      &World::lose_sight,
      &World::ghosts,          &World::interrupt,       &World::request,
      &World::request,         &World::fail_disk,       &World::hang_disk,
      &World::damage,          &World::read_run,        &World::compact};
  for (const Fault fault : all)
    if (random.chance(400)) faults_.push_back(fault);
  // What is damaged must still be there in full: marks, which tell damage from a tail, are not
  // safe.
  const auto damages = std::find(faults_.begin(), faults_.end(), &World::damage);
  if (damages != faults_.end()) std::erase(faults_, static_cast<Fault>(&World::lose_power));
  cluster_.late_messages = random.chance(300) ? 30 : 0;
  cluster_.repeated_messages = random.chance(300) ? 50 : 0;
  if (options_.fate) {
    faults_.clear();
    cluster_.late_messages = cluster_.repeated_messages = 0;
  }
  const Duration pauses[] = {milliseconds{300}, seconds{5}, seconds{60}};
  pause_max_ = pauses[random.below(3)];
  peace_at_ = random.skewed(pause_max_ * 4, pause_max_ * 40);
  if (options_.fate) peace_at_ = Duration{0};
  end_at_ =
      peace_at_ + cluster_.workload->all_work() * 4 + 40 * cluster_.settings.lease + minutes{30};
}

void World::next_fault() {
  if (faults_.empty()) return;
  cluster_.events.after(cluster_.random.skewed(Duration{0}, pause_max_), [this] {
    if (!cluster_.faults || finished_) return;
    (this->*cluster_.random.pick(faults_))();
    next_fault();
  });
}

// Nothing new goes wrong, and what can be mended is.
void World::heal() {
  cluster_.trace("peace");
  cluster_.faults = false;
  cluster_.late_messages = 0;
  cluster_.repeated_messages = 0;
  for (const auto& host : cluster_.hosts) boot(*host);
  for (const auto& node : cluster_.nodes) mend(*node);
  for (const auto& life : lives_) {
    life->disarm();
    life->hang_disk(Duration{0});
    for (Agent* agent : life->agents()) agent->wake();
    life->wake();
  }
  // Not by the index: what wakes may start another.
  for (std::size_t i = 0; i < cluster_.starters.size(); ++i) {
    cluster_.starters[i]->disarm();
    cluster_.starters[i]->wake();
  }
  restore();
  release_all();
  mind_holds();
  supervise();
}

// At once, or at any of its next steps; sometimes with its host's unsynced bytes.
void World::crash_rank_zero() {
  RankZero* life = newest();
  if (!life || !life->alive()) return;
  if (cluster_.random.chance(700)) {
    life->arm(static_cast<unsigned>(cluster_.random.between(1, 60)));
  } else {
    life->die("SIGKILL");
  }
}

void World::stop_rank_zero() {
  RankZero* life = newest();
  if (!life || !life->alive() || life->stalled()) return;
  Random& random = cluster_.random;
  life->stall();
  cluster_.tally(Seen::RankZeroStalled);
  cluster_.events.after(random.skewed(Duration{1000}, cluster_.settings.lease * 3), [this, life] {
    if (life->stalled() && life->alive() && life != newest()) cluster_.tally(Seen::OldRankZeroWoke);
    life->wake();
  });
  // Nobody can tell that it lives: after 5 s, or at once by mistake, another takes over.
  if (random.chance(600))
    cluster_.events.after(cluster_.ms(0, 6000), [this] {
      if (cluster_.faults) start_life();
    });
}

void World::rival_life() { start_life(); }

// Its world ends with it.
void World::crash_agent() {
  if (!newest()) return;
  std::vector<Agent*> agents = newest()->agents();
  if (!agents.empty()) cluster_.random.pick(agents)->die("SIGKILL");
}

// As a cable that is cut, but on its host all goes on.
void World::stop_agent() {
  if (!newest()) return;
  std::vector<Agent*> agents = newest()->agents();
  if (agents.empty()) return;
  Agent* agent = cluster_.random.pick(agents);
  if (!agent->alive() || agent->stalled()) return;
  cluster_.tally(Seen::AgentStalled);
  agent->stall();
  cluster_.events.after(cluster_.random.skewed(Duration{1000}, cluster_.settings.lease * 3),
                        [agent] { agent->wake(); });
}

// All that is ours on a host stands still, for less than anybody would kill it for.
void World::stop_host() {
  const Host& host = *cluster_.random.pick(cluster_.hosts);
  std::vector<VirtualProcess*> stopped;
  const auto stop = [&](VirtualProcess* process) {
    if (!process->alive() || process->stalled()) return;
    process->stall();
    stopped.push_back(process);
  };
  for (const auto& starter : cluster_.starters)
    if (starter->node().host == &host) stop(starter.get());
  for (const auto& life : lives_) {
    if (&life->host() == &host) stop(life.get());
    for (Agent* agent : life->agents())
      if (agent->node().host == &host) stop(agent);
  }
  if (stopped.empty()) return;
  cluster_.trace("{} stands still", host.name);
  cluster_.tally(Seen::HostStalled);
  cluster_.events.after(cluster_.random.skewed(Duration{1000}, cluster_.settings.lease / 3),
                        [stopped] {
                          for (VirtualProcess* process : stopped) process->wake();
                        });
}

void World::crash_starter() {
  VirtualStarter* starter = any_node().starter;
  if (!starter || !starter->alive()) return;
  if (cluster_.random.chance(700)) {
    starter->arm(static_cast<unsigned>(cluster_.random.between(1, 30)));
  } else {
    starter->die("SIGKILL");
  }
}

// One that is silent for a third of its lease is killed by its agent.
void World::stop_starter() {
  VirtualStarter* starter = any_node().starter;
  if (!starter || !starter->alive() || starter->stalled()) return;
  const Duration third = cluster_.settings.lease / 3;
  const Duration stop = cluster_.random.skewed(Duration{1000}, third * 3 / 2);
  starter->stall();
  cluster_.tally(Seen::StarterStalled);
  cluster_.events.after(std::min(stop, third), [starter, killed = stop > third] {
    if (killed && starter->stalled()) starter->die("SIGKILL after it was silent");
    starter->wake();
  });
}

void World::break_link() {
  if (RankZero* life = newest(); life && life->alive()) life->break_line(any_node());
}

void World::cut_cable() {
  Node& node = any_node();
  if (node.cut) return;
  cluster_.trace("the cable of {} is cut", model::to_string(node.name));
  node.cut = true;
  cluster_.tally(Seen::CableCut);
  cluster_.events.after(cluster_.random.skewed(Duration{1000}, cluster_.settings.lease * 3),
                        [this, &node] { mend(node); });
}

void World::mend(Node& node) {
  if (!std::exchange(node.cut, false)) return;
  cluster_.trace("the cable of {} is whole again", model::to_string(node.name));
  cluster_.tally(Seen::CableMended);
  for (const auto& life : lives_) life->mended(node);
}

void World::lose_power() {
  Host& host = *cluster_.random.pick(cluster_.hosts);
  if (host.up) lose_power(host);
}

void World::lose_power(Host& host) {
  cluster_.trace("{} loses its power", host.name);
  host.up = false;
  cluster_.tally(Seen::HostLost);
  for (const auto& life : lives_) {
    if (&host == &life->host()) life->die("power loss");
    for (Agent* agent : life->agents())
      if (agent->node().host == &host) agent->die("power loss");
  }
  for (const auto& starter : cluster_.starters) {
    if (starter->node().host != &host) continue;
    starter->die("power loss");
    starter->sweep();
  }
  cluster_.disk.lose_power(&host);
  cluster_.events.after(cluster_.ms(10, 60'000), [this, &host] { boot(host); });
}

void World::boot(Host& host) {
  if (std::exchange(host.up, true)) return;
  cluster_.trace("{} is up again", host.name);
  ++host.boots;
  cluster_.tally(Seen::HostBack);
  host.booted = cluster_.events.now();
  host.boot_offset = seconds{10};
  for (const auto& node : cluster_.nodes)
    if (node->host == &host) {
      node->unseen_starters = false;
      node->doubt_until = Duration{0};
    }
}

// A new login has another /tmp, say: the starter there works on, but cannot be seen any more.
void World::lose_sight() {
  Node& node = any_node();
  if (!node.starter || !node.starter->alive()) return;
  cluster_.trace("{} cannot be seen any more", node.starter->title());
  node.starter->out_of_sight();
  node.starter = nullptr;
  node.unseen_starters = true;
  cluster_.tally(Seen::StarterUnseen);
}

void World::ghosts() {
  Random& random = cluster_.random;
  if (!cluster_.said_down.empty()) {
    const auto& [node, message] = cluster_.said_down[random.below(cluster_.said_down.size())];
    if (node->starter) node->starter->haunt(message);
  }
  if (!cluster_.said_up.empty() && newest())
    newest()->haunt(cluster_.said_up[random.below(cluster_.said_up.size())]);
}

void World::interrupt() {
  if (newest() && cluster_.random.chance(300)) newest()->interrupt(cluster_.random.chance(300));
}

void World::hang_disk() {
  if (!newest()) return;
  cluster_.trace("the disk hangs for {}", newest()->title());
  newest()->hang_disk(cluster_.events.now() +
                      cluster_.random.skewed(Duration{1000}, cluster_.settings.lease * 3));
  // Its counter is not raised: another takes over.
  if (cluster_.random.chance(500))
    cluster_.events.after(cluster_.ms(0, 6000), [this] {
      if (cluster_.faults) start_life();
    });
}

void World::fail_disk() {
  Random& random = cluster_.random;
  if (!random.chance(200)) return;
  VirtualStarter* starter = any_node().starter;
  if (starter && starter->alive() && random.chance(500)) {
    starter->fail_disk();
    // Somebody notices, some time.
    cluster_.events.after(cluster_.ms(1, 60'000), [starter] { starter->die("SIGKILL"); });
  } else if (newest()) {
    newest()->fail_disk();
  }
}

}  // namespace mpibatch::fault
