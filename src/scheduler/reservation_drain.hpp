// When what a node has been given is expected to end, and what is free there from then on.
#pragma once

#include <optional>
#include <vector>

#include <mpibatch/base/time.hpp>

#include "scheduler/placement_room.hpp"

namespace mpibatch::scheduler {

inline constexpr Duration kLongest = std::chrono::hours(24 * 36500);  // far from overflow

// Alike children that are there: they start in this order as far as they find room, the others as
// room comes.
struct Occupant {
  Room each;
  std::uint64_t count = 1;
  Instant since{};
  Duration expected{0};  // 0: nobody knows
};

// Room that is not there until some time, whoever holds it.
struct Claim {
  Room room;
  std::optional<Instant> until;  // none: nobody knows
};

class Drain {
 public:
  Drain() = default;
  Drain(const Room& capacity, const std::vector<Occupant>& occupants,
        const std::vector<Claim>& claims);

  // From when on this finds room, by what is expected; the smallest Instant: at once.
  std::optional<Instant> earliest(const Room& asked) const;
  Room free_at(Instant at) const;
  Room free_now() const { return steps_.front().free; }
  // Some of it will end nobody knows when.
  bool unknown() const { return unknown_; }
  template <class Function>
  void each_time(Function function) const {
    for (const Step& step : steps_) function(step.at);
  }

 private:
  struct Step {
    Instant at = Instant::min();
    Room free;
  };
  std::vector<Step> steps_{1};  // rising in time; room never shrinks
  bool unknown_ = false;
};

}  // namespace mpibatch::scheduler
