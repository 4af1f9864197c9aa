// What a round leaves for the next ones, so that they need not find it out again: it bounds what
// waiting jobs cost.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "scheduler/reservation.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// Behind one that waits for room so many jobs are looked at in a round …
inline constexpr std::uint32_t kBackfillJobsMax = 1000;
// … and only so many in rounds that follow one within kMemoryAge.
inline constexpr std::uint32_t kBackfillJobsBetween = 50;
inline constexpr Duration kMemoryAge = std::chrono::milliseconds(100);
// Where jobs may have come among those that were passed by, all are looked at again after that, or
// this long for each.
inline constexpr Duration kPassedAgeEach = std::chrono::microseconds(10);
// Fewer jobs in a row are not worth remembering.
inline constexpr std::uint64_t kPassedMin = 64;

struct QueueMemory {
  Instant deep_at = Instant::min();  // from when on a round may look at kBackfillJobsMax again
  bool cut_short = false;            // the last round would have looked further

  // The reservation that was found last, and for whom; `kept`: the last round took it as it was.
  Waiting waiting;
  Reservation reservation;
  bool kept = false;
  std::optional<Instant> reserved_at;
};

// Jobs of a lane, one after the other, that all lack one of these consumables.
struct Passed {
  ChildIndex begin = 0;  // orders
  ChildIndex end = 0;
  std::uint64_t jobs = 0;
  std::vector<std::uint32_t> consumables;
  std::uint64_t enlisted = 0;  // State::enlisted then: while it stays so, none has come among them
  Instant until{};             // so long that does not matter
  void add(std::uint32_t consumable);
};

struct RoundMemory {
  Instant round = Instant::min();  // the last one; of a later time nothing is remembered
  std::map<std::uint32_t, QueueMemory> queues;
  std::map<LaneKey, Passed> passed;
  // When a round may find more to do because of all this; none: never.
  std::optional<Instant> next_time(std::uint64_t enlisted) const;
};

}  // namespace mpibatch::scheduler
