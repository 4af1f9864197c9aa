// Where a round's work goes.
#include <algorithm>
#include <limits>

#include "scheduler/placement_round.hpp"

namespace mpibatch::scheduler {

std::uint64_t Round::environment_left(std::uint32_t environment) const {
  constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();
  if (environment == model::kNoEnvironment) return kUnbounded;
  if (environment_closed_[environment]) return 0;
  const std::uint64_t most = state_.rules.environments[environment].max_vcpus;
  if (most == 0) return kUnbounded;
  return most - std::min(most, environment_vcpus_[environment]);
}

std::uint64_t Round::environment_room(std::uint32_t environment, std::uint64_t vcpus) const {
  return environment_left(environment) / std::max<std::uint64_t>(1, vcpus);
}

bool Round::over_by(const Hold& hold, Duration expected) const {
  return hold.at && expected > Duration{0} && expected <= *hold.at - now_;
}

Room Round::usable(const NodePlace& node, Duration expected) const {
  Room room = node.free;
  for (const Hold& hold : node.holds)
    if (!over_by(hold, expected)) room = least(room, hold.beside);
  return room;
}

std::uint64_t Round::place(const Unit& unit, std::uint64_t children) {
  std::uint64_t left = children;
  const auto each_choice = [&](auto hand) {
    for (const KindPlaces::Choice& choice : unit.places->choices) {
      if (left == 0) return;
      const std::uint64_t room = environment_room(choice.environment, unit.each.vcpus);
      if (room > 0) left -= hand(choice, std::min(left, room));
    }
  };
  each_choice([&](const KindPlaces::Choice& choice, std::uint64_t most) {
    return hand_out(unit, choice, most);
  });
  if (left == 0) return children;
  const BacklogDepth depth(state_, state_.job(unit.job));
  if (depth.none()) return children - left;
  each_choice([&](const KindPlaces::Choice& choice, std::uint64_t most) {
    return hand_ahead(unit, choice, most, depth);
  });
  return children - left;
}

std::uint64_t Round::hand_out(const Unit& unit, const KindPlaces::Choice& choice,
                              std::uint64_t most) {
  if (!placement_.may_fit(choice.pool, unit.each)) return 0;
  reserve();
  const Room asked = room_of(unit.each);
  bool room_somewhere = false;
  places_.clear();
  PoolRoom& pool = placement_.pool(choice.pool);
  pool.emptiest_first([&](std::uint32_t number) {
    const NodePlace& node = placement_.node(number);
    if (emptiness(node.free) < std::max<std::int64_t>(1, asked.vcpus)) return false;
    std::uint64_t room = times(asked, node.free);
    if (room == 0) return true;
    room_somewhere = true;
    if (!node.holds.empty()) room = std::min(room, times(asked, usable(node, unit.expected)));
    if (room > 0) places_.push_back({number, room});
    return places_.size() < most;
  });
  if (!room_somewhere) pool.nothing_fits(unit.each);
  return spread(unit, choice, most);
}

std::uint64_t Round::hand_ahead(const Unit& unit, const KindPlaces::Choice& choice,
                                std::uint64_t most, const BacklogDepth& depth) {
  PoolRoom& pool = placement_.pool(choice.pool);
  if (pool.empty() || (choice.pool < placement_.closed.size() && placement_.closed[choice.pool]))
    return 0;
  const Room asked = room_of(unit.each);
  // No node has more room ahead than the widest one, and the fullest come last.
  const auto ahead_max = static_cast<std::int64_t>(
      depth.per_slot * std::uint64_t{pool.capacities().rbegin()->first.vcpus});
  places_.clear();
  pool.emptiest_first([&](std::uint32_t number) {
    const NodePlace& node = placement_.node(number);
    if (emptiness(node.free) + ahead_max <= 0) return false;
    if (node.exclusive || placement_.kept_clear(node)) return true;
    if (const std::uint64_t room = depth.room(node, asked); room > 0)
      places_.push_back({number, room});
    return places_.size() < most;
  });
  return spread(unit, choice, most);
}

// Over places_, evenly, the emptiest first: the last few children do not pile up on one node.
std::uint64_t Round::spread(const Unit& unit, const KindPlaces::Choice& choice,
                            std::uint64_t most) {
  const auto emptier = [](const Place& a, const Place& b) { return a.room > b.room; };
  if (!std::is_sorted(places_.begin(), places_.end(), emptier))
    std::stable_sort(places_.begin(), places_.end(), emptier);
  std::uint64_t left = most;
  for (std::size_t i = places_.size(); i > 0; --i) {
    places_[i - 1].room = std::min(places_[i - 1].room, left / i);
    left -= places_[i - 1].room;
  }
  for (const Place& place : places_)
    if (place.room > 0) give(unit, choice, place.node, place.room);
  return most - left;
}

void Round::give(const Unit& unit, const KindPlaces::Choice& choice, std::uint32_t node,
                 std::uint64_t children) {
  take(node, room_of(unit.each), children, unit.expected);
  if (choice.environment != model::kNoEnvironment)
    environment_vcpus_[choice.environment] += unit.each.vcpus * children;
  for (const model::ConsumableUse& use : unit.kind->consumables)
    in_use_[use.consumable] += use.quantity * children;
  // Shares take turns child by child; a node still gets one grant of a job.
  if (unit.fair && !unit.child) {
    const auto [found, is_new] =
        tally_.try_emplace({unit.job, node, choice.environment}, decisions.size());
    if (!is_new) {
      std::get<Handout>(decisions[found->second]).children += children;
      return;
    }
  }
  decisions.emplace_back(
      Handout{unit.job, node, choice.environment, unit.each, children, unit.child});
}

void Round::take(std::uint32_t number, const Room& each, std::uint64_t count, Duration expected) {
  for (Hold& hold : placement_.node(number).holds)
    if (!over_by(hold, expected)) hold.beside -= each * count;
  placement_.take(number, {each, count, now_, expected});
}

std::optional<std::vector<GangSeat>> Round::seats(const Unit& unit,
                                                  const KindPlaces::Choice& choice,
                                                  bool& held_back) {
  const model::Gang& gang = *unit.kind->gang;
  const Room asked = least_asked(gang);
  const std::uint64_t most = environment_left(choice.environment);
  held_back = held_back || most == 0;
  if (most == 0) return std::nullopt;
  std::vector<GangSite> sites;
  placement_.pool(choice.pool).emptiest_first([&](std::uint32_t number) {
    const NodePlace& node = placement_.node(number);
    if (emptiness(node.free) < std::max<std::int64_t>(1, asked.vcpus)) return false;
    held_back = held_back || !node.holds.empty();
    Room room = usable(node, unit.expected);
    if (gang.exclusive && (node.grants > 0 || room != node.free)) return true;
    if (times(asked, room) > 0) sites.push_back({number, node.host, room, node.capacity});
    return true;
  });
  auto found = seat(gang, sites, most);
  held_back = held_back || (!found && most < UINT64_MAX && seat(gang, sites));
  return found;
}

bool Round::place_gang(const Unit& unit, std::uint64_t& vcpus) {
  std::uint64_t growth = 0;
  for (const KindPlaces::Choice& choice : unit.places->choices)
    growth += placement_.pool(choice.pool).growth();
  if (unit.places->gang_unfit == growth) return false;
  reserve();
  bool held_back = false;
  for (const KindPlaces::Choice& choice : unit.places->choices) {
    auto found = seats(unit, choice, held_back);
    if (!found) continue;
    vcpus = vcpus_of(*found);
    for (const GangSeat& seat : *found) {
      take(seat.node, room_of(seat.all), 1, unit.expected);
      // What this round gives out ahead keeps away as well.
      if (unit.kind->gang->exclusive) placement_.node(seat.node).exclusive = true;
    }
    if (choice.environment != model::kNoEnvironment)
      environment_vcpus_[choice.environment] += vcpus;
    for (const model::ConsumableUse& use : unit.kind->consumables)
      in_use_[use.consumable] += use.quantity;
    decisions.emplace_back(
        GangHandout{unit.job, choice.environment, std::move(*found), unit.child});
    return true;
  }
  if (!held_back) unit.places->gang_unfit = growth;
  return false;
}

// Whether its nodes, all idle, would be enough: in the order in which they would be tried then.
Fit Round::gang_fit(const Unit& unit) {
  KindPlaces& places = *unit.places;
  if (places.fit_of == state_.nodes_changed) return places.fit;
  places.fit_of = state_.nodes_changed;
  places.fit = Fit::NoNodes;
  for (const KindPlaces::Choice& choice : places.choices) {
    std::vector<GangSite> sites;
    placement_.pool(choice.pool).emptiest_first([&](std::uint32_t number) {
      const NodePlace& node = placement_.node(number);
      sites.push_back({number, node.host, room_of(node.capacity), node.capacity});
      return true;
    });
    if (sites.empty()) continue;
    std::sort(sites.begin(), sites.end(), [](const GangSite& a, const GangSite& b) {
      return std::pair(b.capacity.vcpus, a.node) < std::pair(a.capacity.vcpus, b.node);
    });
    if (places.fit == Fit::NoNodes) places.fit = Fit::TooBig;
    const std::uint64_t bound = choice.environment == model::kNoEnvironment
                                    ? 0
                                    : state_.rules.environments[choice.environment].max_vcpus;
    const auto found = seat(*unit.kind->gang, sites, bound == 0 ? UINT64_MAX : bound);
    if (!found) {
      if (bound > 0 && seat(*unit.kind->gang, sites)) places.fit = Fit::OverMax;
      continue;
    }
    places.fit = Fit::Fits;
    places.gang_vcpus = vcpus_of(*found);
    return places.fit;
  }
  return places.fit;
}

// Only now that there is something to hold back: mostly there is not.
void Round::reserve() {
  while (reserved_ < waiting_.size()) {
    const Waiting& waiting = waiting_[reserved_++];
    QueueMemory& memory = placement_.memory.queues[waiting.queue];
    const bool recent = memory.reserved_at && now_ - *memory.reserved_at < kMemoryAge;
    memory.waiting.expected = waiting.expected;  // says nothing about where and when it starts
    memory.kept =
        recent && memory.waiting == waiting && holds(state_, placement_, memory.reservation, now_);
    if (!memory.kept) {
      memory.waiting = waiting;
      memory.reservation = scheduler::reserve(state_, placement_, waiting, now_);
      memory.reserved_at = now_;
    }
    hold(state_, placement_, waiting, memory.reservation, now_);
  }
}

}  // namespace mpibatch::scheduler
