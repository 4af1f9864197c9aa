// Quantiles of numbers without keeping them: 128 steps for each doubling, from a millionth up.
#pragma once

#include <cstdint>
#include <vector>

#include <mpibatch/sim/simulate.hpp>

namespace mpibatch::sim {

class Histogram {
 public:
  void add(double value, std::uint64_t times);
  Distribution distribution() const;

 private:
  double quantile(double part) const;

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double least_ = 0;
  double most_ = 0;
};

}  // namespace mpibatch::sim
