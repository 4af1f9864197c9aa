// Virtual time: the next event is always the earliest, and of equal ones the first made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <mpibatch/base/time.hpp>

namespace mpibatch::fault {

class EventQueue {
 public:
  using Event = std::function<void()>;
  Duration now() const { return now_; }
  void at(Duration when, Event event) {
    events_.emplace(std::pair{std::max(when, now_), ++made_}, std::move(event));
  }
  void after(Duration delay, Event event) { at(now_ + delay, std::move(event)); }
  bool empty() const { return events_.empty(); }
  void step() {
    auto first = events_.extract(events_.begin());
    now_ = first.key().first;
    first.mapped()();
  }

 private:
  Duration now_{0};
  std::uint64_t made_ = 0;
  std::map<std::pair<Duration, std::uint64_t>, Event> events_;
};

}  // namespace mpibatch::fault
