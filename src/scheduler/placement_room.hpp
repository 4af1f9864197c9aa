// What is free of a node, in each respect; negative where more is given than it has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <mpibatch/model/job.hpp>

namespace mpibatch::scheduler {

struct Room {
  std::int64_t vcpus = 0;
  std::int64_t memory_mib = 0;
  std::int64_t gpus = 0;
  bool operator==(const Room&) const = default;
  Room& operator+=(const Room& more) {
    vcpus += more.vcpus;
    memory_mib += more.memory_mib;
    gpus += more.gpus;
    return *this;
  }
  Room& operator-=(const Room& less) {
    vcpus -= less.vcpus;
    memory_mib -= less.memory_mib;
    gpus -= less.gpus;
    return *this;
  }
};

inline Room operator-(Room from, const Room& less) { return from -= less; }

// `times` never exceeds what a node of some plan has been given: far from overflow.
inline Room operator*(const Room& each, std::uint64_t times) {
  const auto factor = static_cast<std::int64_t>(times);
  return {each.vcpus * factor, each.memory_mib * factor, each.gpus * factor};
}

inline Room least(const Room& a, const Room& b) {
  return {std::min(a.vcpus, b.vcpus), std::min(a.memory_mib, b.memory_mib),
          std::min(a.gpus, b.gpus)};
}

inline Room room_of(const model::Resources& resources) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 8;
  return {resources.vcpus, static_cast<std::int64_t>(std::min(resources.memory_mib, kMost)),
          resources.gpus};
}

// How many of these find room. What is not asked for may be lacking.
inline std::uint64_t times(const Room& asked, const Room& room) {
  if (room.vcpus <= 0) return 0;
  auto count = room.vcpus / std::max<std::int64_t>(1, asked.vcpus);
  if (asked.memory_mib > 0)
    count = std::min(count, std::max<std::int64_t>(0, room.memory_mib) / asked.memory_mib);
  if (asked.gpus > 0) count = std::min(count, std::max<std::int64_t>(0, room.gpus) / asked.gpus);
  return static_cast<std::uint64_t>(count);
}

}  // namespace mpibatch::scheduler
