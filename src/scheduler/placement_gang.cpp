#include "scheduler/placement_gang.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace mpibatch::scheduler {

namespace {

constexpr std::size_t kNobody = SIZE_MAX;

// Members by site. `spread`: hosts are matched with ranges of members, so that ranges with
// different wishes find room if there is any way at all.
class Matching {
 public:
  Matching(const model::Gang& gang, const std::vector<GangSite>& sites)
      : gang_(gang), sites_(sites), next_(gang.ranges.size(), 0) {
    std::map<std::uint32_t, std::size_t> bin_of_host;
    for (std::size_t site = 0; site < sites.size(); ++site) {
      const auto [found, is_new] = bin_of_host.try_emplace(sites[site].host, bins_.size());
      if (is_new) bins_.emplace_back();
      bins_[found->second].sites.push_back(site);
    }
  }

  bool match() {
    std::vector<std::size_t> order(gang_.ranges.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // What asks for most chooses first.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return gang_.ranges[a].each > gang_.ranges[b].each;
    });
    for (const std::size_t range : order)
      for (std::uint32_t i = gang_.ranges[range].begin; i < gang_.ranges[range].end; ++i) {
        std::vector<bool> asked(gang_.ranges.size(), false);
        if (!place(range, asked)) return false;
      }
    return true;
  }

  // Of each site that is taken, in order: its range.
  template <class Function>
  void each(Function function) const {
    for (const Bin& bin : bins_)
      if (bin.range != kNobody) function(*site_for(bin, bin.range), bin.range);
  }

 private:
  struct Bin {
    std::vector<std::size_t> sites;
    std::size_t range = kNobody;
  };

  std::optional<std::size_t> site_for(const Bin& bin, std::size_t range) const {
    const Room asked = room_of(gang_.ranges[range].each);
    for (const std::size_t site : bin.sites)
      if (times(asked, sites_[site].room) > 0) return site;
    return std::nullopt;
  }

  // One more member of this range, if need be on a host that a member of another range leaves for
  // a third one.
  bool place(std::size_t range, std::vector<bool>& asked) {
    asked[range] = true;
    for (std::size_t& bin = next_[range]; bin < bins_.size(); ++bin) {
      if (bins_[bin].range != kNobody || !site_for(bins_[bin], range)) continue;
      bins_[bin].range = range;
      return true;
    }
    for (Bin& bin : bins_) {
      if (bin.range == kNobody || asked[bin.range] || !site_for(bin, range)) continue;
      if (!place(bin.range, asked)) continue;
      bin.range = range;
      return true;
    }
    return false;
  }

  const model::Gang& gang_;
  const std::vector<GangSite>& sites_;
  std::vector<Bin> bins_;
  std::vector<std::size_t> next_;  // of each range: bins before are taken, or too small
};

void add(model::Resources& sum, const model::Resources& each) {
  sum.vcpus += each.vcpus;
  sum.memory_mib += each.memory_mib;
  sum.gpus += each.gpus;
}

std::size_t range_of(const model::Gang& gang, std::uint32_t member) {
  std::size_t range = 0;
  while (range + 1 < gang.ranges.size() && member >= gang.ranges[range].end) ++range;
  return range;
}

using Members = std::map<std::size_t, std::vector<model::ChildIndex>>;  // by site

std::optional<Members> spread(const model::Gang& gang, const std::vector<GangSite>& sites) {
  if (sites.size() < gang.nodes) return std::nullopt;
  Matching matching(gang, sites);
  if (!matching.match()) return std::nullopt;
  std::vector<std::uint32_t> next;
  for (const model::GangRange& range : gang.ranges) next.push_back(range.begin);
  const std::size_t main_range = range_of(gang, gang.main);
  bool main_seated = false;
  Members members;
  matching.each([&](std::size_t site, std::size_t range) {
    if (range == main_range && !main_seated) {
      members[site].push_back(gang.main);
      main_seated = true;
      return;
    }
    if (range == main_range && next[range] == gang.main) ++next[range];
    members[site].push_back(next[range]++);
  });
  return members;
}

// As many as fit on each node before the next one is taken.
std::optional<Members> pack(const model::Gang& gang, const std::vector<GangSite>& sites) {
  std::vector<std::uint32_t> order(gang.nodes);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return gang.ranges[range_of(gang, a)].each > gang.ranges[range_of(gang, b)].each;
  });
  std::vector<Room> left;
  for (const GangSite& site : sites) left.push_back(site.room);
  std::vector<std::size_t> from(gang.ranges.size(), 0);  // sites before are full for that range
  Members members;
  for (const std::uint32_t member : order) {
    const std::size_t range = range_of(gang, member);
    const Room asked = room_of(gang.ranges[range].each);
    std::size_t& site = from[range];
    while (site < sites.size() && times(asked, left[site]) == 0) ++site;
    if (site == sites.size()) return std::nullopt;
    left[site] -= asked;
    members[site].push_back(member);
  }
  return members;
}

std::optional<std::vector<GangSeat>> seat_in_order(const model::Gang& gang,
                                                   const std::vector<GangSite>& sites) {
  auto members = gang.spread ? spread(gang, sites) : pack(gang, sites);
  if (!members) return std::nullopt;
  std::vector<GangSeat> seats;
  for (auto& [site, numbers] : *members) {
    GangSeat seat{sites[site].node, {}, {0, 0, 0}};
    for (const std::uint32_t member : numbers)
      add(seat.all, gang.ranges[range_of(gang, member)].each);
    if (gang.exclusive) seat.all = sites[site].capacity;
    seat.members = model::ranges_of(std::move(numbers));
    seats.push_back(std::move(seat));
  }
  const auto main = std::find_if(seats.begin(), seats.end(), [&](const GangSeat& each) {
    return model::contains(each.members, gang.main);
  });
  std::rotate(seats.begin(), main, std::next(main));
  return seats;
}

}  // namespace

std::uint64_t vcpus_of(const std::vector<GangSeat>& seats) {
  return std::accumulate(
      seats.begin(), seats.end(), std::uint64_t{0},
      [](std::uint64_t sum, const GangSeat& seat) { return sum + seat.all.vcpus; });
}

// Smaller nodes first may still be too much, where one bigger node is enough: the smallest are
// left out step by step. Not every mix is tried.
std::optional<std::vector<GangSeat>> seat(const model::Gang& gang,
                                          const std::vector<GangSite>& sites,
                                          std::uint64_t vcpus_max) {
  auto seats = seat_in_order(gang, sites);
  if (!seats || vcpus_of(*seats) <= vcpus_max) return seats;
  if (!gang.exclusive) return std::nullopt;
  std::vector<GangSite> left = sites;
  std::stable_sort(left.begin(), left.end(), [](const GangSite& a, const GangSite& b) {
    return a.capacity.vcpus < b.capacity.vcpus;
  });
  while (!left.empty()) {
    seats = seat_in_order(gang, left);
    if (!seats || vcpus_of(*seats) <= vcpus_max) return seats;
    const std::uint32_t smallest = left.front().capacity.vcpus;
    std::erase_if(left, [&](const GangSite& site) { return site.capacity.vcpus == smallest; });
  }
  return std::nullopt;
}

Room least_asked(const model::Gang& gang) {
  Room room = room_of(gang.ranges.front().each);
  for (const model::GangRange& range : gang.ranges) room = least(room, room_of(range.each));
  return room;
}

}  // namespace mpibatch::scheduler
