#include "scheduler/reservation_drain.hpp"

#include <algorithm>
#include <queue>

namespace mpibatch::scheduler {

namespace {

struct Release {
  Instant at;
  Room room;
};
struct Later {
  bool operator()(const Release& a, const Release& b) const { return a.at > b.at; }
};

}  // namespace

Drain::Drain(const Room& capacity, const std::vector<Occupant>& occupants,
             const std::vector<Claim>& claims) {
  Room free = capacity;  // at the time to which `running` has been followed
  std::vector<Release> releases;
  std::priority_queue<Release, std::vector<Release>, Later> running;
  for (const Occupant& each : occupants) {
    steps_.front().free -= each.each * each.count;
    Instant start = each.since;
    for (std::uint64_t left = each.count; left > 0;) {
      const std::uint64_t count = std::min(left, times(each.each, free));
      if (count == 0) {
        if (running.empty()) break;  // nobody knows what makes room for them
        free += running.top().room;
        start = std::max(start, running.top().at);
        running.pop();
        continue;
      }
      const Room room = each.each * count;
      free -= room;
      left -= count;
      if (each.expected <= Duration{0}) {
        unknown_ = true;
        continue;
      }
      const Release release{start + std::min(each.expected, kLongest), room};
      running.push(release);
      releases.push_back(release);
    }
  }
  steps_.front().free += capacity;
  for (const Claim& claim : claims) {
    steps_.front().free -= claim.room;
    if (claim.until)
      releases.push_back({*claim.until, claim.room});
    else
      unknown_ = true;
  }
  std::sort(releases.begin(), releases.end(),
            [](const Release& a, const Release& b) { return a.at < b.at; });
  for (const Release& release : releases) {
    if (steps_.back().at != release.at) steps_.push_back({release.at, steps_.back().free});
    steps_.back().free += release.room;
  }
}

std::optional<Instant> Drain::earliest(const Room& asked) const {
  const auto found = std::partition_point(
      steps_.begin(), steps_.end(), [&](const Step& step) { return times(asked, step.free) == 0; });
  if (found == steps_.end()) return std::nullopt;
  return found->at;
}

Room Drain::free_at(Instant at) const {
  const auto after = std::partition_point(steps_.begin() + 1, steps_.end(),
                                          [&](const Step& step) { return step.at <= at; });
  return std::prev(after)->free;
}

}  // namespace mpibatch::scheduler
