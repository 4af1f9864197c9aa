// Which share of a fair-share queue goes next, and how far.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// A share's place in the order: the lowest goes next.
struct ShareStanding {
  double used = 0;   // decayed vCPU-seconds
  double vcpus = 0;  // what it has now, this round's included
  double weight = 1;
  double window = 1;  // seconds; what it has now counts as much as if it had had it so long
  std::uint32_t share = kNone;  // settles ties
  double value() const { return (used + vcpus * window) * weight; }
};

ShareStanding standing_of(const Scheduler::State& state, std::uint32_t share, Instant now);
bool goes_before(const ShareStanding& a, const ShareStanding& b);
// How many children of so many vCPUs `first` may take, one after the other, until it is no longer
// before `second`; at least one.
std::uint64_t turn_of(const ShareStanding& first, const ShareStanding& second,
                      std::uint32_t vcpus_each);

// vCPUs of the environments that a queue may use, each bounded by its maxvCpus. `of_choice(i)` has
// those of the nodes of its i-th enabled environment (or of all nodes, where it names none).
std::uint64_t queue_vcpus(const Scheduler::State& state, std::uint32_t queue,
                          const std::function<std::uint64_t(std::size_t)>& of_choice);
// vCPUs of `pool_vcpus` that the shares of this queue that have work may hold together: the rest
// is kept for those that have none yet.
std::uint64_t usable_vcpus(const Scheduler::State& state, std::uint32_t queue,
                           std::uint64_t pool_vcpus);

}  // namespace mpibatch::scheduler
