// Random numbers that are the same everywhere: no std distribution, whose results differ between
// libraries.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include <mpibatch/base/time.hpp>

namespace mpibatch::fault {

// A well mixed hash of a few numbers: what must not depend on the order of events.
inline std::uint64_t mix(std::initializer_list<std::uint64_t> values) {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  for (const std::uint64_t value : values) {
    state += value + 0x9E3779B97F4A7C15U;
    state = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
    state = (state ^ (state >> 27U)) * 0x94D049BB133111EBU;
    state ^= state >> 31U;
  }
  return state;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(mix({seed})) {}
  std::uint64_t next() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {  // both included
    return low + below(high - low + 1);
  }
  Duration between(Duration low, Duration high) {
    return low + Duration{static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()) + 1))};
  }
  // Mostly near `low`, seldom near `high`: delays look like that.
  Duration skewed(Duration low, Duration high) {
    return between(low, low + Duration{(high - low).count() >> below(12)});
  }
  bool chance(unsigned of_thousand) { return below(1000) < of_thousand; }
  template <class T>
  T& pick(std::vector<T>& of) {
    return of[below(of.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mpibatch::fault
