#include <mpibatch/base/clock.hpp>

#include <time.h>

namespace mpibatch {
namespace {

Duration read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds{now.tv_sec} +
                                              std::chrono::nanoseconds{now.tv_nsec});
}

}  // namespace

Duration SystemClock::wall() const { return read_clock(CLOCK_REALTIME); }
Duration SystemClock::boot() const { return read_clock(CLOCK_BOOTTIME); }
Duration SystemClock::awake() const { return read_clock(CLOCK_MONOTONIC); }

}  // namespace mpibatch
