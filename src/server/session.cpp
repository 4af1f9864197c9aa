// The starters' side of rank 0: who is there, what they hold, what they tell, and when they count
// as gone.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <mpibatch/base/check.hpp>

#include "server/coordinator_state.hpp"

namespace mpibatch::server {

namespace {

std::string name_of(const scheduler::Scheduler& core, model::NodeId node) {
  const auto view = core.node(node);
  return view ? model::to_string(view->name) : std::string("?");
}

std::int64_t seconds(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

bool holds_work(const scheduler::Scheduler& core, InstanceKey key) {
  return !core.grants_of(key.first, key.second).empty();
}

}  // namespace

void Coordinator::State::greet(LinkId link) {
  Session& session = sessions.at(link);
  MPIBATCH_CHECK(!session.greeted);
  session.greeted = true;
  greeted[session.key()] = link;
  present += session.use == NodeUse::Work ? 1 : 0;
}

void Coordinator::State::count_out(LinkId link) {
  Session& session = sessions.at(link);
  if (!std::exchange(session.greeted, false)) return;
  if (const auto found = greeted.find(session.key());
      found != greeted.end() && found->second == link)
    greeted.erase(found);
  present -= session.use == NodeUse::Work ? 1 : 0;
}

void Coordinator::State::attach(LinkId link) {
  outbox.push_now(
      link, {},
      protocol::Attach{settings.run, settings.state_folder, settings.nonce, settings.lease,
                       settings.grace, settings.surroundings, sessions.at(link).attach});
}

// Its relay has made a new connection: grants may be under way that this Hello's inventory does not
// know, so it proves nothing. Behind a new Attach nothing of the old is under way any more.
void Coordinator::State::attach_anew(LinkId link, Instant now) {
  Session fresh;
  fresh.use = sessions.at(link).use;
  fresh.attach = sessions.at(link).attach + 1;
  lost(link, now);
  if (fresh.use == NodeUse::FinishOnly) ++finish_only;
  sessions.emplace(link, std::move(fresh));
  attach(link);
}

void Coordinator::State::await_leases(Instant now) {
  std::set<InstanceKey> silent;
  for (const scheduler::GrantView& grant : core.grants())
    silent.emplace(grant.node, grant.instance);
  for (const InstanceKey& key : silent) {
    const auto journaled = core.lease_awaited(key.first, key.second);
    if (journaled && settings.waits_count_on) {
      leases.lapses_at(key, *journaled);
      continue;
    }
    // Never heard in this epoch: its last answer may be as young as this epoch's claim.
    const model::LeaseAwaited fact{key.first, key.second, leases.lapse_after(now)};
    MPIBATCH_CHECK(core.apply(fact).has_value());
    make(fact);
    leases.lapses_at(key, fact.until);
  }
}

void Coordinator::State::lost(LinkId link, Instant) {
  const auto found = sessions.find(link);
  if (found == sessions.end()) return;
  if (found->second.use == NodeUse::FinishOnly) --finish_only;
  const bool was_greeted = found->second.greeted;
  count_out(link);
  const Session session = std::move(found->second);
  sessions.erase(found);
  outbox.drop(link);
  if (!was_greeted) return;
  if (!link_of(session.node, session.instance)) core.set_open(session.node, false);
  if (session.left || !holds_work(core, session.key())) return;
  const auto until = leases.lapse(session.key());
  if (!until) return;
  const model::LeaseAwaited fact{session.node, session.instance, *until};
  MPIBATCH_CHECK(core.apply(fact).has_value());
  make(fact);
}

void Coordinator::State::receive(LinkId link, const protocol::UpFrame& frame, Instant now) {
  Session& session = sessions.at(link);
  if (const auto* greeting = std::get_if<protocol::Hello>(&frame)) {
    hello(link, *greeting, now);
  } else if (const auto* refused = std::get_if<protocol::Refused>(&frame)) {
    if (!ending) end({RunEnd::Refused, {refused->reason}}, now + settings.grace + settings.margin);
  } else if (const auto* started = std::get_if<protocol::Started>(&frame)) {
    for (const auto& [grant, children] : started->children)
      happen(scheduler::ChildrenStarted{session.node, session.instance, grant, children}, now);
  } else if (const auto* ended = std::get_if<protocol::Ends>(&frame)) {
    ends(link, *ended, now);
  } else if (const auto* returned = std::get_if<protocol::Returned>(&frame)) {
    happen(scheduler::ChildrenReturned{session.node, session.instance, returned->grant,
                                       returned->children},
           now);
  } else if (const auto* request = std::get_if<protocol::RenewRequest>(&frame)) {
    session.renewal = request->stamp;
    renew(link, session, now);
  } else if (const auto* trouble = std::get_if<protocol::Trouble>(&frame)) {
    const std::string words =
        fmt::format("node {}: {}", name_of(core, session.node), trouble->message);
    tell(!trouble->harmless, words);
    if (trouble->fatal) {
      core.set_open(session.node, false);
      session.trouble = words;
    }
  }
}

void Coordinator::State::hello(LinkId link, const protocol::Hello& hello, Instant now) {
  if (hello.answers != sessions.at(link).attach) return;
  if (sessions.at(link).greeted) return attach_anew(link, now);

  // A newer link to the same node replaces the older one; before the node joins, which voids the
  // deadline that the older link's loss journals.
  std::vector<LinkId> replaced;
  const auto before = core.node(hello.name);
  if (before)
    for (auto other = greeted.lower_bound({before->id, model::InstanceId{}});
         other != greeted.end() && other->first.first == before->id; ++other)
      replaced.push_back(other->second);
  for (const LinkId other : replaced) lost(other, now);

  happen(scheduler::NodeHello{hello.name, hello.instance, hello.boot_id, hello.capacity,
                              hello.features},
         now);
  const auto node = core.node(hello.name);
  MPIBATCH_CHECK(node.has_value());

  Session& session = sessions.at(link);
  session.node = node->id;
  session.instance = hello.instance;
  greet(link);
  leases.renewed(session.key(), now);  // its lease cannot have been renewed later than this
  // Heard again while its segment is read: what it says it holds decides, not the lapsed lease.
  if (const auto giving = giving_up.find(session.key()); giving != giving_up.end())
    giving->second.reason.reset();
  core.set_open(node->id, session.use == NodeUse::Work);

  std::set<InstanceKey> predecessors;
  for (const scheduler::GrantView& grant : core.grants())
    if (grant.node == node->id && grant.instance != hello.instance)
      predecessors.emplace(grant.node, grant.instance);
  for (const InstanceKey& key : predecessors) {
    if (hello.predecessor == model::Predecessor::None) {
      give_up(key, {fmt::format("a new starter on {} found nothing left of it",
                                model::to_string(hello.name)),
                    {}});
    } else if (holds_work(core, key) && !leases.lapse(key)) {
      leases.renewed(key, now);
    }
  }
  take_inventory(session, hello.inventory, now);
  for (const scheduler::GrantView& grant : core.grants_of(session.node, session.instance))
    send_wishes(grant);
  if (ending) send(link, protocol::StopAll{settings.grace});
}

void Coordinator::State::take_inventory(const Session& session,
                                        const std::vector<protocol::Holding>& inventory,
                                        Instant now) {
  std::map<model::GrantId, const protocol::Holding*> held;
  for (const protocol::Holding& holding : inventory) held[holding.grant] = &holding;
  GivingUp absent;
  for (const scheduler::GrantView& grant : core.grants_of(session.node, session.instance)) {
    const auto found = held.find(grant.id);
    model::RangeSet missing;
    for (const model::Range& range : grant.children) missing.insert(range);
    if (found != held.end() && model::well_formed(found->second->children)) {
      for (const model::Range& range : found->second->children) missing.erase(range);
      happen(scheduler::ChildrenStarted{session.node, session.instance, grant.id,
                                        found->second->started},
             now);
    }
    if (!missing.empty()) absent.absent.emplace_back(grant.id, missing.ranges());
  }
  if (!absent.absent.empty()) give_up(session.key(), std::move(absent));
}

void Coordinator::State::ends(LinkId link, const protocol::Ends& ends, Instant now) {
  const Session& session = sessions.at(link);
  scheduler::AttemptsEnded event{session.node, session.instance, {}};
  std::uint64_t upto = 0;
  for (const protocol::EndNotice& notice : ends.ends) {
    event.ends.push_back({notice.execution, notice.end});
    upto = std::max(upto, notice.number);
  }
  happen(event, now);
  if (upto == 0) return;
  send(link, protocol::Acknowledged{
                 upto});  // after the commit: an end that a crash forgets would run twice
}

// Only a rank 0 that has just made sure that it still is the owner may lengthen a lease.
void Coordinator::State::renew(LinkId link, Session& session, Instant now) {
  if (!session.renewal || !verified || now - *verified >= settings.lease / 3) return;
  leases.renewed(session.key(), now);
  // Behind the facts of its Hello: they void a deadline that an earlier epoch journaled.
  send(link, protocol::Renewed{*session.renewal});
  session.renewal.reset();
}

void Coordinator::State::answer_renewals(Instant now) {
  for (auto& [link, session] : sessions) renew(link, session, now);
}

void Coordinator::State::give_up(InstanceKey key, GivingUp what) {
  const auto [entry, fresh] = giving_up.try_emplace(key);
  if (what.reason) entry->second.reason = std::move(what.reason);
  std::move(what.absent.begin(), what.absent.end(), std::back_inserter(entry->second.absent));
  entry->second.again = !fresh;
  if (fresh) read_segment(key);
}

void Coordinator::State::read_segment(InstanceKey key) {
  const auto view = core.node(key.first);
  MPIBATCH_CHECK(view.has_value());
  commands.emplace_back(ReadSegment{key.first, view->name, key.second});
}

void Coordinator::State::give_up_lapsed(Instant now) {
  for (const InstanceKey& key : leases.lapsed(now)) {
    const auto link = link_of(key.first, key.second);
    if (link && judge_from && now < *judge_from) continue;
    leases.forget(key);
    if (link) {
      tell(true,
           fmt::format("node {} has been silent for its whole lease ({} s): it counts as lost",
                       name_of(core, key.first), seconds(settings.lease)));
      count_out(*link);
      outbox.drop(*link);
      core.set_open(key.first, false);
    }
    give_up(key, {fmt::format("its lease of {} s lapsed", seconds(settings.lease)), {}});
  }
}

}  // namespace mpibatch::server
