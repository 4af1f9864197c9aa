// Time as values. The core is handed Instants; only a Clock knows where they come from.
#pragma once

#include <chrono>
#include <cstdint>

namespace mpibatch {

using Duration = std::chrono::microseconds;

// The run's own clock: microseconds since 1970, never backwards, continued across the lives of rank
// 0.
struct RunClock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = Duration;
  using time_point = std::chrono::time_point<RunClock>;
  static constexpr bool is_steady = true;
};
using Instant = RunClock::time_point;

inline Instant instant_from_us(std::int64_t us) { return Instant{Duration{us}}; }
inline std::int64_t to_us(Instant instant) { return instant.time_since_epoch().count(); }
inline double in_seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace mpibatch
