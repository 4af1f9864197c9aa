// Where and when somebody who waits for room can start at the earliest, by what is expected.
#pragma once

#include <optional>
#include <vector>

#include "scheduler/placement_room.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// A child, or a gang's, that found no room.
struct Waiting {
  const model::Gang* gang = nullptr;
  model::Resources each;
  Duration expected{0};
  std::vector<std::uint32_t> pools;  // of environments that may take it
  std::uint32_t queue = 0;
  bool operator==(const Waiting&) const = default;
};

struct Reservation {
  std::optional<Instant> at;  // none: nobody knows
  struct Part {
    std::uint32_t node = 0;
    Room room;
  };
  std::vector<Part> parts;  // none: there is no such place
};

Reservation reserve(const Scheduler::State& state, Placement& placement, const Waiting& waiting,
                    Instant now);
// Whether all its nodes will still have the room by then.
bool holds(const Scheduler::State& state, Placement& placement, const Reservation& reservation,
           Instant now);
// Lets everybody see it.
void hold(const Scheduler::State& state, Placement& placement, const Waiting& waiting,
          const Reservation& reservation, Instant now);

}  // namespace mpibatch::scheduler
