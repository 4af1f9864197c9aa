// A pool's nodes, the emptiest first, and what is known to fit on none of them: so that one end
// need not look at all nodes.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/placement_room.hpp"
#include "scheduler/pool.hpp"

namespace mpibatch::scheduler {

// Free vCPUs; negative where the node has been given more than it has in any respect.
inline std::int64_t emptiness(const Room& free) {
  if (free.memory_mib < 0 || free.gpus < 0) return std::min<std::int64_t>(free.vcpus, -1);
  return free.vcpus;
}

class PoolRoom {
 public:
  explicit PoolRoom(PoolRule rule) : rule_(std::move(rule)) {}

  const PoolRule& rule() const { return rule_; }
  bool empty() const { return nodes_.empty(); }
  std::uint64_t vcpus() const { return vcpus_; }    // of all its nodes
  std::uint64_t growth() const { return growth_; }  // counts growths
  const std::map<model::Resources, std::uint32_t>& capacities() const { return capacities_; }
  bool idle() const { return !nodes_.empty() && nodes_.begin()->first < 0; }  // has a free vCPU
  bool overfull() const { return !nodes_.empty() && nodes_.rbegin()->first > 0; }

  void add(std::uint32_t node, const Room& free, const model::Resources& capacity);
  void remove(std::uint32_t node, const Room& free, const model::Resources& capacity);
  void move(std::uint32_t node, const Room& from, const Room& to);

  // Calls function(node) from the emptiest on, while it returns true. Must not move nodes.
  template <class Function>
  void emptiest_first(Function function) const {
    for (const auto& [order, node] : nodes_)
      if (!function(node)) return;
  }
  template <class Function>
  void fullest_first(Function function) const {
    for (auto next = nodes_.rbegin(); next != nodes_.rend(); ++next)
      if (!function(next->second)) return;
  }

  // False: nothing_fits() said so, and no node where it fits has grown since. `free(node)` tells
  // what is free there.
  template <class Free>
  bool may_fit(const model::Resources& asked, Free free) {
    const auto found = unfit_.find(asked);
    if (found == unfit_.end()) return true;
    const Room room = room_of(asked);
    for (std::size_t& next = found->second; next < grown_.size(); ++next) {
      if (times(room, free(grown_[next])) == 0) continue;
      unfit_.erase(found);
      return true;
    }
    return false;
  }
  void nothing_fits(const model::Resources& asked);

 private:
  PoolRule rule_;
  std::set<std::pair<std::int64_t, std::uint32_t>> nodes_;  // emptiness, negated; number
  std::map<model::Resources, std::uint32_t> capacities_;    // how many nodes have this one
  std::uint64_t vcpus_ = 0;
  std::uint64_t growth_ = 0;
  std::map<model::Resources, std::size_t> unfit_;  // → in grown_, what is not looked at yet
  std::vector<std::uint32_t> grown_;
};

}  // namespace mpibatch::scheduler
