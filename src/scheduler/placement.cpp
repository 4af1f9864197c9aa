#include "scheduler/placement.hpp"

#include <algorithm>

namespace mpibatch::scheduler {

Scheduler::State::State() = default;
Scheduler::State::~State() = default;

void Placement::refresh(Scheduler::State& state) {
  if (revision_ != state.revision) {
    rebuild(state);
  } else {
    for (const NodeId id : state.touched) {
      const std::uint32_t number = model::number_of(id);
      if (state.nodes_changed != nodes_changed_) enter(state, number);
      update(state, number);
    }
  }
  for (const NodeId id : state.touched) state.node(id).touched = false;
  state.touched.clear();
  nodes_changed_ = state.nodes_changed;
}

void Placement::rebuild(Scheduler::State& state) {
  revision_ = state.revision;
  heads = {};
  memory = {};
  nodes_.clear();
  hosts_.clear();
  pools_.clear();
  pool_by_rule_.clear();
  kinds_.clear();
  kinds_.resize(state.kinds.size());
  queues_.assign(state.rules.queues.size(), std::nullopt);
  marked_.clear();
  pool_of(state, {});
  for (std::uint32_t number = 0; number < state.nodes.size(); ++number) enter(state, number);
  for (const auto& [id, grant] : state.grants)
    nodes_[model::number_of(grant.node)].given.push_back(id);
  for (std::uint32_t number = 0; number < state.nodes.size(); ++number) update(state, number);
}

void Placement::leave(std::uint32_t number) {
  NodePlace& place = nodes_[number];
  for (const std::uint32_t pool : place.pools)
    pools_[pool].remove(number, place.free, place.capacity);
  place.pools.clear();
  place.serves = false;
}

void Placement::enter(const Scheduler::State& state, std::uint32_t number) {
  while (nodes_.size() <= number) {
    const std::string& host = state.nodes[nodes_.size()].name.host;
    NodePlace& place = nodes_.emplace_back();
    place.host = hosts_.try_emplace(host, static_cast<std::uint32_t>(hosts_.size())).first->second;
  }
  NodePlace& place = nodes_[number];
  const NodeState& node = state.nodes[number];
  const bool now = serves(node);
  if (place.serves == now && place.capacity == node.capacity && place.features == node.features)
    return;
  leave(number);
  place.serves = now;
  place.capacity = node.capacity;
  place.features = node.features;
  place.free = room_of(node.capacity) - room_of(node.granted);
  if (!now) return;
  for (std::uint32_t pool = 0; pool < pools_.size(); ++pool) {
    if (!admits(pools_[pool].rule(), node)) continue;
    place.pools.push_back(pool);
    pools_[pool].add(number, place.free, place.capacity);
  }
}

void Placement::update(const Scheduler::State& state, std::uint32_t number) {
  NodePlace& place = nodes_[number];
  const NodeState& node = state.nodes[number];
  place.drained = false;
  place.grants = node.grants;
  place.exclusive = node.exclusive > 0;
  set_free(number, room_of(node.capacity) - room_of(node.granted));
  if (place.given.size() > 8 + 2 * std::size_t{node.grants})
    std::erase_if(place.given, [&](GrantId id) { return !state.grants.contains(id); });
}

void Placement::set_free(std::uint32_t number, const Room& free) {
  NodePlace& place = nodes_[number];
  if (place.free == free) return;
  for (const std::uint32_t pool : place.pools) pools_[pool].move(number, place.free, free);
  place.free = free;
}

std::uint32_t Placement::pool_of(const Scheduler::State& state, const PoolRule& rule) {
  const auto [found, is_new] =
      pool_by_rule_.try_emplace(rule, static_cast<std::uint32_t>(pools_.size()));
  if (!is_new) return found->second;
  PoolRoom& pool = pools_.emplace_back(rule);
  for (std::uint32_t number = 0; number < nodes_.size(); ++number) {
    NodePlace& place = nodes_[number];
    if (!place.serves || !admits(rule, state.nodes[number])) continue;
    place.pools.push_back(found->second);
    pool.add(number, place.free, place.capacity);
  }
  return found->second;
}

KindPlaces& Placement::places(const Scheduler::State& state, std::uint32_t kind) {
  if (kind >= kinds_.size()) kinds_.resize(state.kinds.size());
  std::optional<KindPlaces>& known = kinds_[kind];
  if (!known) {
    known.emplace();
    for (const PoolChoice& choice : choices_of(state.rules, state.kinds[kind].spec))
      known->choices.push_back({choice.environment, pool_of(state, choice.rule)});
  }
  if (known->fit_of != nodes_changed_ && !state.kinds[kind].spec.gang) {
    known->fit = fit(state.rules, known->choices, state.kinds[kind].spec.resources);
    known->fit_of = nodes_changed_;
  }
  return *known;
}

const std::vector<std::uint32_t>& Placement::queue_pools(const Scheduler::State& state,
                                                         std::uint32_t queue) {
  std::optional<std::vector<std::uint32_t>>& known = queues_[queue];
  if (!known) {
    known.emplace();
    model::JobSpec any;
    any.queue = queue;
    for (const PoolChoice& choice : choices_of(state.rules, any))
      known->push_back(pool_of(state, choice.rule));
  }
  return *known;
}

bool Placement::kept_clear(const NodePlace& node) const {
  return std::any_of(node.pools.begin(), node.pools.end(),
                     [&](std::uint32_t pool) { return pool < closed.size() && closed[pool]; });
}

bool Placement::may_fit(std::uint32_t pool, const model::Resources& asked) {
  PoolRoom& room = pools_[pool];
  return room.idle() && room.may_fit(asked, [&](std::uint32_t node) { return nodes_[node].free; });
}

Fit Placement::fit(const model::PlanRules& rules, const std::vector<KindPlaces::Choice>& choices,
                   const model::Resources& asked) {
  Fit found = Fit::NoNodes;
  for (const KindPlaces::Choice& choice : choices) {
    const PoolRoom& pool = pools_[choice.pool];
    if (pool.empty()) continue;
    if (found == Fit::NoNodes) found = Fit::TooBig;
    const bool some = std::any_of(pool.capacities().begin(), pool.capacities().end(),
                                  [&](const auto& each) { return fits(asked, each.first); });
    if (!some) continue;
    if (choice.environment == model::kNoEnvironment) return Fit::Fits;
    const std::uint32_t most = rules.environments[choice.environment].max_vcpus;
    if (most == 0 || asked.vcpus <= most) return Fit::Fits;
    found = Fit::OverMax;
  }
  return found;
}

void Placement::mark(std::uint32_t number) {
  if (nodes_[number].drafted.empty() && nodes_[number].holds.empty()) marked_.push_back(number);
}

void Placement::take(std::uint32_t number, const Occupant& what) {
  mark(number);
  NodePlace& place = nodes_[number];
  place.drafted.push_back(what);
  place.drained = false;
  ++place.grants;
  set_free(number, place.free - what.each * what.count);
}

void Placement::hold(std::uint32_t number, const Hold& what) {
  mark(number);
  nodes_[number].holds.push_back(what);
  nodes_[number].drained = false;
}

void Placement::end_round() {
  for (const std::uint32_t number : marked_) {
    nodes_[number].drafted.clear();
    nodes_[number].holds.clear();
    nodes_[number].drained = false;
  }
  marked_.clear();
}

const Drain& Placement::drain(const Scheduler::State& state, std::uint32_t number) {
  NodePlace& place = nodes_[number];
  const auto now_known = [&](JobId id) { return state.expected(state.job(id)) > Duration{0}; };
  if (place.drained &&
      std::none_of(place.drain_unknown.begin(), place.drain_unknown.end(), now_known))
    return place.drain;
  std::vector<Occupant> occupants;
  place.drain_unknown.clear();
  std::erase_if(place.given, [&](GrantId id) { return !state.grants.contains(id); });
  for (const GrantId id : place.given) {
    const GrantState& grant = state.grants.at(id);
    const Duration expected = state.expected(state.job(grant.job));
    const std::uint64_t here = grant.outstanding.size() - grant.promised.size();
    if (here > 0) occupants.push_back({room_of(grant.each), here, grant.since, expected});
    if (expected == Duration{0} &&
        (place.drain_unknown.empty() || place.drain_unknown.back() != grant.job))
      place.drain_unknown.push_back(grant.job);
  }
  occupants.insert(occupants.end(), place.drafted.begin(), place.drafted.end());
  std::vector<Claim> claims;
  for (const Hold& hold : place.holds) claims.push_back(hold.claim);
  place.drain = Drain(room_of(place.capacity), occupants, claims);
  place.drained = true;
  return place.drain;
}

}  // namespace mpibatch::scheduler
