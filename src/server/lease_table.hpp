// Until when each starter instance may still be working although rank 0 hears nothing. A starter's
// lease runs from its own stamp on the request that rank 0 answered, so 4/3 of it and a margin
// after the answer it has lapsed for certain (the third covers an answer that was in flight, and
// the difference of two clocks' rates).
#pragma once

#include <map>
#include <optional>
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
  void renewed(Key key, Instant at) { lapses_[key] = lapse_after(at); }
  void lapses_at(Key key, Instant at) { lapses_[key] = at; }
  void forget(Key key) { lapses_.erase(key); }
  std::optional<Instant> lapse(Key key) const {
    const auto found = lapses_.find(key);
    return found == lapses_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<Key> lapsed(Instant now) const {
    std::vector<Key> keys;
    for (const auto& [key, at] : lapses_)
      if (at <= now) keys.push_back(key);
    return keys;
  }
  std::optional<Instant> next() const {
    std::optional<Instant> earliest;
    for (const auto& [key, at] : lapses_) earliest = std::min(earliest.value_or(at), at);
    return earliest;
  }

 private:
  Duration lease_;
  Duration margin_;
  std::map<Key, Instant> lapses_;
};

}  // namespace mpibatch::server
