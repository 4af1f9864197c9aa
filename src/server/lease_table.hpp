// Until when each starter instance may still be working although rank 0 hears nothing. A starter's
// lease runs from its own stamp on the request that rank 0 answered, so 4/3 of it and a margin
// after the answer it has lapsed for certain (the third covers an answer that was in flight, and
// the difference of two clocks' rates).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>

namespace mpibatch::server {

class LeaseTable {
 public:
  using Key = std::pair<model::NodeId, model::InstanceId>;

  LeaseTable(Duration lease, Duration margin) : lease_(lease), margin_(margin) {}

  Instant lapse_after(Instant renewed) const { return renewed + lease_ * 4 / 3 + margin_; }
  // Its lease may have been renewed as late as `at`.
  void renewed(Key key, Instant at) { lapses_at(key, lapse_after(at)); }
  void lapses_at(Key key, Instant at) {
    forget(key);
    lapses_.emplace(key, at);
    order_.emplace(at, key);
  }
  void forget(Key key) {
    const auto found = lapses_.find(key);
    if (found == lapses_.end()) return;
    order_.erase({found->second, key});
    lapses_.erase(found);
  }
  std::optional<Instant> lapse(Key key) const {
    const auto found = lapses_.find(key);
    return found == lapses_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<Key> lapsed(Instant now) const {
    std::vector<Key> keys;
    for (const auto& [at, key] : order_) {
      if (at > now) break;
      keys.push_back(key);
    }
    return keys;
  }
  std::optional<Instant> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

 private:
  Duration lease_;
  Duration margin_;
  std::map<Key, Instant> lapses_;
  std::set<std::pair<Instant, Key>> order_;
};

}  // namespace mpibatch::server
