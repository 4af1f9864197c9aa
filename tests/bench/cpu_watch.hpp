// A watch that counts this thread's own CPU time, so that others on the machine do not show.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace mpibatch::bench {

inline std::int64_t cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class CpuWatch {
 public:
  // What looking at the clock takes is not counted.
  CpuWatch() {
    std::array<std::int64_t, 101> empty{};
    for (std::int64_t& each : empty) {
      const std::int64_t began = cpu_ns();
      each = cpu_ns() - began;
    }
    std::nth_element(empty.begin(), empty.begin() + empty.size() / 2, empty.end());
    look_ns_ = empty[empty.size() / 2];
  }
  template <class Function>
  void run(Function function) {
    const std::int64_t began = cpu_ns();
    function();
    spent_ns_ += std::max<std::int64_t>(0, cpu_ns() - began - look_ns_);
  }
  double seconds() const { return static_cast<double>(spent_ns_) * 1e-9; }

 private:
  std::int64_t look_ns_ = 0;
  std::int64_t spent_ns_ = 0;
};

}  // namespace mpibatch::bench
