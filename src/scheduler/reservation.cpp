#include "scheduler/reservation.hpp"

#include <algorithm>
#include <tuple>

#include "scheduler/placement.hpp"
#include "scheduler/placement_gang.hpp"

namespace mpibatch::scheduler {

namespace {

// How much has to end before this finds room, as parts of what it asks for.
double shortage(const Room& asked, const Room& free) {
  const auto part = [](std::int64_t wanted, std::int64_t there) {
    return wanted > there && wanted > 0
               ? static_cast<double>(wanted - there) / static_cast<double>(wanted)
               : 0.0;
  };
  return part(asked.vcpus, free.vcpus) + part(asked.memory_mib, free.memory_mib) +
         part(asked.gpus, free.gpus);
}

Reservation reserve_child(const Scheduler::State& state, Placement& placement,
                          const Waiting& waiting, Instant now) {
  const Room asked = room_of(waiting.each);
  using Rank = std::tuple<bool, Instant, double, std::uint32_t>;  // unknown times come last
  std::optional<Rank> best;
  for (const std::uint32_t pool : waiting.pools)
    placement.pool(pool).emptiest_first([&](std::uint32_t number) {
      const NodePlace& node = placement.node(number);
      if (!fits(waiting.each, node.capacity)) return true;
      const Drain& drain = placement.drain(state, number);
      const std::optional<Instant> at = drain.earliest(asked);
      const Rank rank{!at, at ? std::max(*at, now) : Instant::max(),
                      at ? 0 : shortage(asked, drain.free_now()), number};
      if (!best || rank < *best) best = rank;
      return true;
    });
  if (!best) return {};
  const auto& [unknown, at, need, node] = *best;
  return {unknown ? std::nullopt : std::optional(at), {{node, asked}}};
}

// A gang's reservation among the nodes of one pool.
class GangSearch {
 public:
  GangSearch(const Scheduler::State& state, Placement& placement, const model::Gang& gang,
             std::uint32_t pool, Instant now)
      : state_(state), placement_(placement), gang_(gang), now_(now) {
    placement.pool(pool).emptiest_first([&](std::uint32_t number) {
      nodes_.push_back(number);
      return true;
    });
    std::sort(nodes_.begin(), nodes_.end());
  }

  std::optional<Reservation> find() {
    std::vector<Instant> times = candidates();
    // What is free never shrinks with time: halve.
    if (!times.empty() && at(times.back())) {
      const auto first = std::partition_point(times.begin(), times.end() - 1,
                                              [&](Instant time) { return !at(time); });
      return reservation(*first, *at(*first));
    }
    const auto seats = some_day();
    if (!seats) return std::nullopt;
    return reservation(std::nullopt, *seats);
  }

 private:
  Room asked_of(const NodePlace& node, const model::GangRange& range) const {
    return gang_.exclusive ? room_of(node.capacity) : room_of(range.each);
  }

  // Times at which a node begins to have room for another member.
  std::vector<Instant> candidates() {
    std::vector<Instant> times;
    for (const std::uint32_t number : nodes_) {
      const Drain& drain = placement_.drain(state_, number);
      if (!gang_.spread) {
        drain.each_time([&](Instant time) { times.push_back(std::max(time, now_)); });
        continue;
      }
      for (const model::GangRange& range : gang_.ranges)
        if (const auto time = drain.earliest(asked_of(placement_.node(number), range)))
          times.push_back(std::max(*time, now_));
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
  }

  std::optional<std::vector<GangSeat>> at(Instant time) {
    std::vector<GangSite> sites;
    for (const std::uint32_t number : nodes_) {
      const NodePlace& node = placement_.node(number);
      const Room room = placement_.drain(state_, number).free_at(time);
      if (gang_.exclusive && room != room_of(node.capacity)) continue;
      sites.push_back({number, node.host, room, node.capacity});
    }
    return seat(gang_, sites);
  }

  // When nobody knows: the nodes that lack least.
  std::optional<std::vector<GangSeat>> some_day() {
    std::vector<std::pair<double, GangSite>> sites;
    for (const std::uint32_t number : nodes_) {
      const NodePlace& node = placement_.node(number);
      const Room asked = gang_.exclusive ? room_of(node.capacity) : least_asked(gang_);
      sites.emplace_back(shortage(asked, placement_.drain(state_, number).free_now()),
                         GangSite{number, node.host, room_of(node.capacity), node.capacity});
    }
    std::stable_sort(sites.begin(), sites.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<GangSite> sorted;
    for (const auto& [need, site] : sites) sorted.push_back(site);
    return seat(gang_, sorted);
  }

  static Reservation reservation(std::optional<Instant> at, const std::vector<GangSeat>& seats) {
    Reservation made{at, {}};
    for (const GangSeat& seat : seats) made.parts.push_back({seat.node, room_of(seat.all)});
    return made;
  }

  const Scheduler::State& state_;
  Placement& placement_;
  const model::Gang& gang_;
  Instant now_;
  std::vector<std::uint32_t> nodes_;
};

}  // namespace

Reservation reserve(const Scheduler::State& state, Placement& placement, const Waiting& waiting,
                    Instant now) {
  if (!waiting.gang) return reserve_child(state, placement, waiting, now);
  std::optional<Reservation> best;
  for (const std::uint32_t pool : waiting.pools) {
    const auto found = GangSearch(state, placement, *waiting.gang, pool, now).find();
    if (!found) continue;
    if (!best || (found->at && (!best->at || *found->at < *best->at))) best = found;
  }
  return best.value_or(Reservation{});
}

bool holds(const Scheduler::State& state, Placement& placement, const Reservation& reservation,
           Instant now) {
  if (reservation.parts.empty()) return false;
  return std::all_of(reservation.parts.begin(), reservation.parts.end(), [&](const auto& part) {
    if (!placement.node(part.node).serves) return false;
    if (!reservation.at) return true;
    const Instant at = std::max(now, *reservation.at);
    return times(part.room, placement.drain(state, part.node).free_at(at)) > 0;
  });
}

void hold(const Scheduler::State& state, Placement& placement, const Waiting& waiting,
          const Reservation& reservation, Instant now) {
  for (const Reservation::Part& part : reservation.parts) {
    const Drain& drain = placement.drain(state, part.node);
    Hold held;
    held.at = reservation.at;
    held.beside =
        reservation.at ? drain.free_at(*reservation.at) - part.room : drain.free_now() - part.room;
    // Nobody knows when: what it lacks in some respect nobody else takes there.
    if (!reservation.at)
      held.beside = {std::max<std::int64_t>(0, held.beside.vcpus),
                     std::max<std::int64_t>(0, held.beside.memory_mib),
                     std::max<std::int64_t>(0, held.beside.gpus)};
    held.claim.room = part.room;
    if (reservation.at && waiting.expected > Duration{0})
      held.claim.until = std::max(now, *reservation.at) + std::min(waiting.expected, kLongest);
    placement.hold(part.node, held);
  }
}

}  // namespace mpibatch::scheduler
