// Is it current, is it legal: what an event makes true. Changes nothing.
#include <algorithm>
#include <span>

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
  Instant now;

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
      const bool same = node.instance == hello.instance && node.capacity == hello.capacity &&
                        node.features == hello.features;
      if (node.present && same && !awaited) return {};
    }
    return {model::NodeJoined{id, hello.name, hello.instance, hello.boot_id, hello.capacity,
                              hello.features}};
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
    return {model::Started{event.grant, model::ranges_of(std::move(started)), now}};
  }

  Facts operator()(const ChildrenReturned& event) const {
    const GrantState* grant = held(event.grant, event.node, event.instance);
    if (grant == nullptr || !possible(event.children)) return {};
    model::Ranges returned = grant->outstanding.overlap(event.children);
    if (returned.empty()) return {};
    return {model::Returned{event.grant, std::move(returned), now}};
  }

  Facts operator()(const AttemptsEnded& event) const {
    using One = AttemptsEnded::One;
    std::vector<const One*> ends;
    ends.reserve(event.ends.size());
    for (const One& one : event.ends) ends.push_back(&one);
    const auto key = [](const One* one) {
      return std::pair(one->execution.grant, one->execution.child);
    };
    const auto before = [&](const One* a, const One* b) { return key(a) < key(b); };
    if (!std::is_sorted(ends.begin(), ends.end(), before))
      std::stable_sort(ends.begin(), ends.end(), before);
    // An end that is told twice counts once.
    const auto same = [&](const One* a, const One* b) { return key(a) == key(b); };
    ends.erase(std::unique(ends.begin(), ends.end(), same), ends.end());
    Facts facts;
    for (auto first = ends.begin(); first != ends.end();) {
      const GrantId id = (*first)->execution.grant;
      const auto last = std::find_if(first, ends.end(),
                                     [&](const One* one) { return one->execution.grant != id; });
      if (const GrantState* grant = held(id, event.node, event.instance))
        ended(facts, id, *grant, {first, last});
      first = last;
    }
    return facts;
  }

  void ended(Facts& facts, GrantId id, const GrantState& grant,
             std::span<const AttemptsEnded::One* const> ends) const {
    const JobState& job = state.job(grant.job);
    model::Ended fact;
    fact.grant = id;
    fact.at = now;
    std::vector<ChildIndex> succeeded;
    std::vector<ChildIndex> stopped;
    for (const AttemptsEnded::One* one : ends) {
      const ChildIndex child = one->execution.child;
      if (one->execution.job != grant.job || !grant.outstanding.contains(child)) continue;
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
      const bool known = today && job.in_plan;
      const unsigned failed = known ? state.child(job, *today).attempts_failed() : 0;
      // Its job may have left the plan: then nobody asks. What a user ended is never retried.
      auto verdict = model::Verdict::Failed;
      if (known && !grant.cancelled.contains(child)) {
        const bool again = grant.gang && state.gangs.at(*grant.gang).goes_again();
        verdict = again ? model::Verdict::Retried : judge(state.kind(job).retry, one->end, failed);
      }
      fact.failed.push_back({child, verdict, one->end.kind, one->end.code, one->end.reason});
    }
    fact.succeeded = model::ranges_of(std::move(succeeded));
    if (!fact.succeeded.empty() || !fact.failed.empty()) facts.emplace_back(std::move(fact));
    if (!stopped.empty())
      facts.emplace_back(model::Returned{id, model::ranges_of(std::move(stopped)), now});
  }

  Facts operator()(const InstanceGone& event) const {
    if (!state.known(event.node)) return {};
    const NodeState& node = state.node(event.node);
    bool holds = node.present && node.instance == event.instance;
    holds = holds || state.leases_awaited.contains({event.node, event.instance});
    for (const auto& [id, grant] : state.grants)
      holds = holds || (grant.node == event.node && grant.instance == event.instance);
    if (!holds) return {};
    return {model::NodeGone{event.node, event.instance, event.reason, now}};
  }

  Facts operator()(const CancelJob& event) const {
    if (state.requests.contains(event.request) || !state.known(event.job)) return {};
    return {model::CancelRequested{event.request, event.job, event.children, event.reason,
                                   event.terminate}};
  }

  Facts operator()(const HoldJob& event) const {
    if (state.requests.contains(event.request) || (event.job && !state.known(*event.job)))
      return {};
    return {model::HoldRequested{event.request, event.job, event.children, event.hold}};
  }

  Facts operator()(const RetryJob& event) const {
    if (state.requests.contains(event.request) || !state.known(event.job)) return {};
    return {model::RetryRequested{event.request, event.job, event.children, event.include_succeeded,
                                  event.dependents}};
  }

  Facts operator()(const SetPriority& event) const {
    if (state.requests.contains(event.request) || !state.known(event.job)) return {};
    return {model::PriorityRequested{event.request, event.job,
                                     std::min(event.priority, model::kPriorityMax)}};
  }
};

}  // namespace

std::vector<model::Fact> Scheduler::on(const Event& event, Instant now) const {
  return std::visit(Answer{*state_, now}, event);
}

}  // namespace mpibatch::scheduler
