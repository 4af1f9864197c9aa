// Busy CPUs over time, while the time's end is not known yet: steps double when there are too many.
#pragma once

#include <cstdint>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/sim/simulate.hpp>

namespace mpibatch::sim {

class LoadMeter {
 public:
  explicit LoadMeter(Instant begin) : begin_(begin), last_(begin) {}
  // From `now` on, which never goes back.
  void busy(std::int64_t vcpus, Instant now) {
    advance(now);
    busy_ += vcpus;
  }
  void capacity(std::int64_t vcpus, Instant now) {
    advance(now);
    capacity_ += vcpus;
  }
  // Up to `end`, which is not before the last change of `busy`.
  Load load(Instant end, std::uint64_t vcpus) const;
  double utilisation(Instant end) const;

 private:
  void advance(Instant now);

  Instant begin_;
  Instant last_;
  std::int64_t busy_ = 0;
  std::int64_t capacity_ = 0;
  double busy_us_ = 0;
  double capacity_us_ = 0;
  Duration step_{std::chrono::milliseconds(1)};
  std::vector<double> steps_;  // busy microseconds in each
};

}  // namespace mpibatch::sim
