// Is it current, is it legal: what an event makes true. Changes nothing.
#include <algorithm>

#include "scheduler/retry.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

using Facts = std::vector<model::Fact>;

// What a peer names need not be children; a range beyond any array would be walked for minutes.
bool possible(const model::Ranges& children) {
  return model::well_formed(children) &&
         (children.empty() || children.back().end <= model::kChildrenMax);
}

struct Answer {
  const Scheduler::State& state;

  // The grant, if this instance holds it.
  const GrantState* held(GrantId id, NodeId node, InstanceId instance) const {
    const auto found = state.grants.find(id);
    if (found == state.grants.end()) return nullptr;
    const GrantState& grant = found->second;
    return grant.node == node && grant.instance == instance ? &grant : nullptr;
  }

  Facts operator()(const NodeHello& hello) const {
    NodeId id{static_cast<std::uint32_t>(state.nodes.size())};
    for (std::uint32_t number = 0; number < state.nodes.size(); ++number) {
      const NodeState& node = state.nodes[number];
      if (node.name != hello.name) continue;
      id = NodeId{number};
      const bool awaited = state.leases_awaited.contains({id, hello.instance});
      const bool same = node.instance == hello.instance && node.capacity == hello.capacity;
      if (node.present && same && !awaited) return {};
    }
    return {model::NodeJoined{id, hello.name, hello.instance, hello.boot_id, hello.capacity}};
  }

  Facts operator()(const ChildrenStarted& event) const {
    const GrantState* grant = held(event.grant, event.node, event.instance);
    if (grant == nullptr || !possible(event.children)) return {};
    std::vector<ChildIndex> started;
    model::for_each(event.children, [&](ChildIndex child) {
      if (grant->outstanding.contains(child) && !grant->started.contains(child))
        started.push_back(child);
    });
    if (started.empty()) return {};
    return {model::Started{event.grant, model::ranges_of(std::move(started))}};
  }

  Facts operator()(const ChildrenReturned& event) const {
    const GrantState* grant = held(event.grant, event.node, event.instance);
    if (grant == nullptr || !possible(event.children)) return {};
    std::vector<ChildIndex> returned;
    model::for_each(event.children, [&](ChildIndex child) {
      if (grant->outstanding.contains(child)) returned.push_back(child);
    });
    if (returned.empty()) return {};
    return {model::Returned{event.grant, model::ranges_of(std::move(returned))}};
  }

  Facts operator()(const AttemptsEnded& event) const {
    std::map<GrantId, std::vector<const AttemptsEnded::One*>> by_grant;
    std::set<std::pair<GrantId, ChildIndex>> seen;  // an end that is told twice counts once
    for (const AttemptsEnded::One& one : event.ends) {
      const GrantId id = one.execution.grant;
      const GrantState* grant = held(id, event.node, event.instance);
      if (grant == nullptr || grant->job != one.execution.job) continue;
      if (!grant->outstanding.contains(one.execution.child)) continue;
      if (seen.emplace(id, one.execution.child).second) by_grant[id].push_back(&one);
    }
    Facts facts;
    for (const auto& [id, ends] : by_grant) ended(facts, id, ends);
    return facts;
  }

  void ended(Facts& facts, GrantId id, const std::vector<const AttemptsEnded::One*>& ends) const {
    const GrantState& grant = state.grants.at(id);
    const JobState& job = state.job(grant.job);
    model::Ended fact{id, {}, {}, {}};
    std::vector<ChildIndex> succeeded;
    std::vector<ChildIndex> stopped;
    for (const AttemptsEnded::One* one : ends) {
      const ChildIndex child = one->execution.child;
      if (one->end.kind == model::EndKind::Stopped) {
        stopped.push_back(child);
        continue;
      }
      fact.busy +=
          std::clamp(one->end.usage.wall, Duration{0}, Duration{std::chrono::hours{24 * 365}});
      if (one->end.succeeded()) {
        succeeded.push_back(child);
        continue;
      }
      const auto today = state.today(grant, child);
      const unsigned before = today ? state.child(job, *today).attempts_failed() : 0;
      fact.failed.push_back({child, judge(job.spec.retry, one->end, before), one->end.kind,
                             one->end.code, one->end.reason});
    }
    fact.succeeded = model::ranges_of(std::move(succeeded));
    if (!fact.succeeded.empty() || !fact.failed.empty()) facts.emplace_back(std::move(fact));
    if (!stopped.empty())
      facts.emplace_back(model::Returned{id, model::ranges_of(std::move(stopped))});
  }

  Facts operator()(const InstanceGone& event) const {
    if (!state.known(event.node)) return {};
    const NodeState& node = state.node(event.node);
    bool holds = node.present && node.instance == event.instance;
    holds = holds || state.leases_awaited.contains({event.node, event.instance});
    for (const auto& [id, grant] : state.grants)
      holds = holds || (grant.node == event.node && grant.instance == event.instance);
    if (!holds) return {};
    return {model::NodeGone{event.node, event.instance, event.reason}};
  }

  Facts operator()(const CancelJob& event) const {
    if (state.requests.contains(event.request) || !state.known(event.job)) return {};
    return {model::CancelRequested{event.request, event.job, event.children, event.reason}};
  }
};

}  // namespace

std::vector<model::Fact> Scheduler::on(const Event& event, Instant) const {
  return std::visit(Answer{*state_}, event);
}

}  // namespace mpibatch::scheduler
