#include <mpibatch/server/coordinator.hpp>

#include <algorithm>

#include <mpibatch/base/check.hpp>

#include "server/coordinator_state.hpp"

namespace mpibatch::server {

Coordinator::State::State(CoordinatorSettings given, scheduler::Scheduler scheduler,
                          const WorkSource& source)
    : settings(std::move(given)),
      core(std::move(scheduler)),
      work(source),
      leases(settings.lease, settings.margin) {
  patience_until = settings.claimed_at + settings.patience;
  for (const scheduler::NodeView& node : core.nodes()) core.set_open(node.id, false);
  if (settings.allocation)
    core.set_allocation(settings.allocation->begin, settings.allocation->end);
  for (const auto& [job, children] : settings.only) core.restrict_to(job, children);
  core.set_grants_after(settings.grants_after);
  await_leases(settings.claimed_at);
}

void Coordinator::State::make(const model::Fact& fact) {
  if (journal_lost) return;
  facts.push_back(fact);
  ++facts_made;
}

void Coordinator::State::happen(const scheduler::Event& event, Instant now) {
  for (const model::Fact& fact : core.on(event, now)) {
    const Result<void> applied = core.apply(fact);
    MPIBATCH_CHECK(applied.has_value());  // on() says what can be true
    make(fact);
  }
}

void Coordinator::State::send(LinkId link, protocol::DownFrame frame) {
  if (journal_lost) return;  // what depends on a commit never leaves
  outbox.push(facts_made, link, sessions.at(link).instance, std::move(frame));
  outbox.committed(facts_committed);  // all of them may be safe already
}

void Coordinator::State::tell(bool warning, std::string message) {
  commands.emplace_back(Tell{warning, std::move(message)});
}

std::optional<LinkId> Coordinator::State::link_of(model::NodeId node,
                                                  model::InstanceId instance) const {
  const auto found = greeted.find({node, instance});
  return found == greeted.end() ? std::nullopt : std::optional(found->second);
}

void Coordinator::State::send_templates(LinkId link, model::JobId job) {
  if (!sessions.at(link).templates.insert(job).second) return;
  model::JobTemplate execution = work.job(job).execution;
  execution.job = job;
  execution.revision = core.revision();
  send(link, protocol::Templates{{std::move(execution)}});
}

protocol::Grant Coordinator::State::grant_of(const model::GrantId& id, model::JobId job,
                                             const model::Ranges& children,
                                             std::uint32_t environment) const {
  const model::PlannedJob& planned = work.job(job);
  protocol::Grant grant;
  grant.id = id;
  grant.job = job;
  grant.revision = core.revision();
  grant.children = children;
  bool retries = false;
  model::for_each(children, [&](model::ChildIndex child) {
    if (planned.parameters) grant.values.push_back(planned.parameters->values(child));
    const unsigned failed = core.attempts_failed(job, child);
    grant.attempts.push_back(static_cast<std::uint8_t>(failed + 1));
    retries = retries || failed > 0;
  });
  if (!retries) grant.attempts.clear();
  const auto& environments = core.rules().environments;
  if (environment < environments.size()) grant.environment = environments[environment].name;
  return grant;
}

// Only nodes with a link are open: what is granted can be sent.
void Coordinator::State::send_grants(const model::Fact& fact) {
  const auto link_to = [&](model::NodeId node, model::InstanceId instance, model::JobId job) {
    const std::optional<LinkId> link = link_of(node, instance);
    MPIBATCH_CHECK(link.has_value());
    send_templates(*link, job);
    return *link;
  };
  const auto send_one = [&](const model::Granted& one, std::optional<model::ExecutionId> after) {
    const LinkId link = link_to(one.node, one.instance, one.job);
    protocol::Grant grant = grant_of(one.grant, one.job, one.children, one.environment);
    grant.each = one.each;
    grant.after = after;
    send(link, std::move(grant));
  };
  if (const auto* one = std::get_if<model::Granted>(&fact)) send_one(*one, {});
  if (const auto* later = std::get_if<model::GrantedAfter>(&fact))
    send_one(later->granted, later->after);
  const auto* gang = std::get_if<model::GangGranted>(&fact);
  if (gang == nullptr) return;
  const auto& members = work.job(gang->job).spec.gang;
  MPIBATCH_CHECK(members.has_value() && !gang->parts.empty());
  const auto main_node = core.node(gang->parts.front().node);
  MPIBATCH_CHECK(main_node.has_value());
  for (const model::GangPart& part : gang->parts) {
    const LinkId link = link_to(part.node, part.instance, gang->job);
    protocol::Grant grant =
        grant_of(part.grant, gang->job, {{gang->child, gang->child + 1}}, part.environment);
    grant.each = part.all;
    grant.gang = protocol::GangRole{gang->parts.front().grant, part.members, members->nodes,
                                    members->main, main_node->name.host};
    send(link, std::move(grant));
  }
}

void Coordinator::State::send_wishes(const scheduler::GrantView& grant) {
  const std::optional<LinkId> link = link_of(grant.node, grant.instance);
  if (!link) return;  // its Hello brings them up again
  const model::Ranges recall = core.to_recall(grant.id);
  const model::Ranges stop = core.to_stop(grant.id);
  auto& all = sessions.at(*link).wishes;
  if (recall.empty() && stop.empty()) {
    all.erase(grant.id);
    return;
  }
  Wishes& sent = all[grant.id];
  const auto fresh = [](const model::Ranges& wished, model::Ranges& before) {
    model::RangeSet set;
    for (const model::Range& range : wished) set.insert(range);
    for (const model::Range& range : before) set.erase(range);
    before = wished;
    return set.ranges();
  };
  if (model::Ranges some = fresh(stop, sent.stopped); !some.empty())
    send(*link, protocol::Stop{grant.id, std::move(some), settings.grace});
  if (model::Ranges some = fresh(recall, sent.recalled); !some.empty())
    send(*link, protocol::Recall{grant.id, std::move(some)});
}

void Coordinator::State::send_changed_wishes() {
  constexpr std::size_t kRememberedMax = 1000;  // of a session, before it forgets what is over
  for (const model::GrantId& id : core.take_changed_wishes()) {
    const auto grant = core.grant(id);
    if (!grant) continue;
    send_wishes(*grant);
    const auto link = link_of(grant->node, grant->instance);
    if (!link || sessions.at(*link).wishes.size() < kRememberedMax) continue;
    std::erase_if(sessions.at(*link).wishes,
                  [&](const auto& entry) { return !core.grant(entry.first); });
  }
}

void Coordinator::State::advance(Instant now) {
  gather(now);
  if (gathered && !ending && !journal_lost) {
    for (const model::Fact& fact : core.decide(now)) {
      make(fact);
      send_grants(fact);
    }
  }
  send_changed_wishes();
  dismiss_finish_only();
  check_stuck(now);
  check_end(now);
}

Coordinator::Coordinator(CoordinatorSettings settings, scheduler::Scheduler scheduler,
                         const WorkSource& work)
    : state_(std::make_unique<State>(std::move(settings), std::move(scheduler), work)) {}
Coordinator::~Coordinator() = default;

void Coordinator::link_opened(LinkId link, NodeUse use, Instant now) {
  state_->sessions[link].use = use;
  if (use == NodeUse::FinishOnly) ++state_->finish_only;
  state_->attach(link);
  state_->advance(now);
}

void Coordinator::link_closed(LinkId link, Instant now) {
  state_->lost(link, now);
  state_->advance(now);
}

void Coordinator::receive(LinkId link, const protocol::UpMessage& message, Instant now) {
  State& state = *state_;
  if (message.epoch != state.settings.epoch) return;
  for (const protocol::UpFrame& frame : message.frames) {
    const auto session = state.sessions.find(link);
    if (session == state.sessions.end()) return;
    const bool greeting = std::holds_alternative<protocol::Hello>(frame) ||
                          std::holds_alternative<protocol::Refused>(frame);
    if (!greeting && (!session->second.greeted || session->second.instance != message.instance))
      continue;
    state.receive(link, frame, now);
  }
  state.advance(now);
}

void Coordinator::segment_read(model::NodeId node, model::InstanceId instance,
                               const std::vector<store::AttemptEnded>& ends, Instant now) {
  State& state = *state_;
  const auto found = state.giving_up.find({node, instance});
  if (found == state.giving_up.end()) return;
  scheduler::AttemptsEnded event{node, instance, {}};
  for (const store::AttemptEnded& end : ends) event.ends.push_back({end.execution, end.end});
  state.happen(event, now);
  if (std::exchange(found->second.again, false)) {
    state.read_segment(found->first);
    state.advance(now);
    return;
  }
  const GivingUp what = std::move(found->second);
  state.giving_up.erase(found);
  for (const auto& [grant, children] : what.absent)
    state.happen(scheduler::ChildrenReturned{node, instance, grant, children}, now);
  if (what.reason) {
    state.happen(scheduler::InstanceGone{node, instance, *what.reason}, now);
    state.leases.forget({node, instance});
  }
  state.advance(now);
}

bool Coordinator::request(const scheduler::Event& request, Instant now) {
  if (state_->ending) return false;
  state_->happen(request, now);
  state_->advance(now);
  return true;
}

void Coordinator::committed(std::uint64_t facts, Instant now) {
  state_->facts_committed = std::max(state_->facts_committed, facts);
  state_->outbox.committed(state_->facts_committed);
  state_->advance(now);
}

void Coordinator::owner_verified(Instant now) {
  state_->verified = now;
  state_->answer_renewals(now);
}

void Coordinator::tick(Instant now) {
  State& state = *state_;
  // Silence counts only while the judge was awake.
  if (state.last_tick && now - *state.last_tick > state.settings.lease / 6)
    state.judge_from = now + state.settings.lease / 3;
  state.last_tick = now;
  state.answer_renewals(now);
  state.give_up_lapsed(now);
  state.advance(now);
}

std::vector<model::Fact> Coordinator::take_facts() { return std::exchange(state_->facts, {}); }

std::vector<Command> Coordinator::take_commands() {
  std::vector<Command> commands = std::exchange(state_->commands, {});
  for (SendDown& message : state_->outbox.take(state_->settings.epoch))
    commands.emplace_back(std::move(message));
  return commands;
}

std::optional<Instant> Coordinator::wake_at() const {
  const State& state = *state_;
  std::optional<Instant> at = state.leases.next();
  if (at && state.judge_from) at = std::max(*at, *state.judge_from);
  const auto earlier = [&](Instant candidate) { at = std::min(at.value_or(candidate), candidate); };
  // What has come to its end already would wake for ever.
  if (state.ending) {
    if (!state.leaving) earlier(state.ending_until);
    const Instant awaited_until = state.settings.claimed_at + state.settings.margin;
    if (state.settings.end_at_once && !state.leaving &&
        (!state.last_tick || *state.last_tick < awaited_until))
      earlier(awaited_until);
  } else if (!state.gathered) {
    earlier(state.patience_until);
  } else {
    if (state.nothing_since) earlier(*state.nothing_since + state.settings.patience);
    // What was due at the last tick is no news.
    const auto next = state.core.next_time();
    if (next && (!state.last_tick || *next > *state.last_tick)) earlier(*next);
  }
  // Often enough to notice a stall of its own.
  if (state.last_tick) earlier(*state.last_tick + state.settings.lease / 12);
  return at;
}

const scheduler::Scheduler& Coordinator::scheduler() const { return state_->core; }

}  // namespace mpibatch::server
