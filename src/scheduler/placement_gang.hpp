// Seats for the members of a multi-node parallel job: for all of them, or none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <mpibatch/model/ranges.hpp>

#include "scheduler/placement_room.hpp"

namespace mpibatch::scheduler {

struct GangSite {
  std::uint32_t node = 0;
  std::uint32_t host = 0;
  Room room;                  // that members may take
  model::Resources capacity;  // an exclusive gang takes it all
};

struct GangSeat {
  std::uint32_t node = 0;
  model::Ranges members;
  model::Resources all;  // what they take together
};

// At most so many vCPUs together. Earlier sites are preferred; where they are too much for an
// exclusive gang, which takes whole nodes, smaller ones. The first seat is the main member's. Of an
// exclusive gang every site must be an empty node.
std::optional<std::vector<GangSeat>> seat(const model::Gang& gang,
                                          const std::vector<GangSite>& sites,
                                          std::uint64_t vcpus_max = UINT64_MAX);
std::uint64_t vcpus_of(const std::vector<GangSeat>& seats);

// The least that any member asks for, in each respect.
Room least_asked(const model::Gang& gang);

}  // namespace mpibatch::scheduler
