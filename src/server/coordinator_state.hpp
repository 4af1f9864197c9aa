// The coordinator's state and its steps; coordinator.cpp is its face, session.cpp the starters'
// side, ending.cpp how a run ends.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <mpibatch/server/coordinator.hpp>

#include "server/lease_table.hpp"
#include "server/outbox.hpp"

namespace mpibatch::server {

using InstanceKey = LeaseTable::Key;

// What a starter was told already about a grant: nothing is said twice.
struct Wishes {
  model::Ranges recalled;
  model::Ranges stopped;
};

struct Session {
  NodeUse use = NodeUse::Work;
  std::uint32_t attach = 0;  // number of the Attach that the link's Hello is to answer
  bool greeted = false;      // it has come
  model::NodeId node{};
  model::InstanceId instance;
  std::set<model::JobId> templates;  // sent on this link
  std::optional<Duration> renewal;   // a request that waits for the owner's check
  std::map<model::GrantId, Wishes> wishes;
  std::optional<std::string> trouble;  // it can start nothing more
  bool left = false;                   // Leave was sent
  InstanceKey key() const { return {node, instance}; }
};

// Its segment is being read; what follows then.
struct GivingUp {
  std::optional<std::string> reason;  // the whole instance goes
  std::vector<std::pair<model::GrantId, model::Ranges>>
      absent;          // it says that it does not have these
  bool again = false;  // more was given up since the reading began: it is read once more
};

struct Coordinator::State {
  CoordinatorSettings settings;
  scheduler::Scheduler core;
  const WorkSource& work;

  std::map<LinkId, Session> sessions;
  std::map<InstanceKey, LinkId> greeted;  // whose Hello has come
  std::uint32_t present = 0;              // of those, NodeUse::Work
  std::uint32_t finish_only = 0;          // sessions
  LeaseTable leases;
  Outbox outbox;
  std::map<InstanceKey, GivingUp> giving_up;
  std::vector<model::Fact> facts;  // not taken yet
  std::uint64_t facts_made = 0;
  std::uint64_t facts_committed = 0;
  std::vector<Command> commands;  // reads and words; what is sent comes from the outbox

  std::optional<Instant> verified;  // owner checked last
  std::optional<Instant> last_tick;
  std::optional<Instant> judge_from;  // after a stall: not before
  bool gathered = false;              // all nodes said hello, or patience is over
  Instant patience_until{};
  std::optional<Instant> nothing_since;  // stuck since

  std::optional<RunResult> ending;  // decided; what is out comes back first
  Instant ending_until{};           // … for so long at the most
  bool leaving = false;             // Leave is out to all
  bool journal_lost = false;
  std::set<model::GrantId> never_sent;  // their commit failed: nobody works on them

  State(CoordinatorSettings given, scheduler::Scheduler scheduler, const WorkSource& source);

  // ---- coordinator.cpp
  void make(const model::Fact& fact);                       // applied already
  void happen(const scheduler::Event& event, Instant now);  // on → apply → make
  void advance(Instant now);                                // decide and send
  void send(LinkId link, protocol::DownFrame frame);        // after all facts made so far
  void tell(bool warning, std::string message);
  void send_templates(LinkId link, model::JobId job);
  void send_grants(const model::Fact& fact);  // of a fact that grants
  protocol::Grant grant_of(const model::GrantId& id, model::JobId job,
                           const model::Ranges& children, std::uint32_t environment) const;
  void send_wishes(const scheduler::GrantView& grant);
  void send_changed_wishes();
  std::optional<LinkId> link_of(model::NodeId node, model::InstanceId instance) const;

  // ---- session.cpp
  void greet(LinkId link);      // its node and instance are known now
  void count_out(LinkId link);  // it does not count any more
  void attach(LinkId link);
  void lost(LinkId link, Instant now);
  void attach_anew(LinkId link, Instant now);
  void receive(LinkId link, const protocol::UpFrame& frame, Instant now);
  void hello(LinkId link, const protocol::Hello& hello, Instant now);
  void take_inventory(const Session& session, const std::vector<protocol::Holding>& inventory,
                      Instant now);
  void ends(LinkId link, const protocol::Ends& ends, Instant now);
  void renew(LinkId link, Session& session, Instant now);
  void answer_renewals(Instant now);
  void await_leases(Instant now);  // of instances that were never heard in this epoch
  void give_up(InstanceKey key, GivingUp what);
  void read_segment(InstanceKey key);
  void give_up_lapsed(Instant now);

  // ---- ending.cpp
  void gather(Instant now);
  void end(RunResult result, Instant until);
  void check_stuck(Instant now);
  std::vector<std::string> hopeless() const;
  bool rehearsed_well() const;
  void check_end(Instant now);
  void leave_all();
  void dismiss_finish_only();
};

}  // namespace mpibatch::server
