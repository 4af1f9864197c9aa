// The seam to the machine's clocks; tests and the simulator have their own.
#pragma once

#include <mpibatch/base/time.hpp>

namespace mpibatch {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration wall() const = 0;  // since 1970; may jump: for reports only
  virtual Duration boot()
      const = 0;  // CLOCK_BOOTTIME: counts a suspended machine's sleep; leases use it
  virtual Duration awake() const = 0;  // CLOCK_MONOTONIC: stands still while the machine sleeps
};

class SystemClock final : public Clock {
 public:
  Duration wall() const override;
  Duration boot() const override;
  Duration awake() const override;
};

}  // namespace mpibatch
