#include "sim/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace mpibatch::sim {

namespace {

constexpr double kLeast = 1e-6;
constexpr double kSteps = 128;

// Step 0 is for what is below the least.
std::size_t step_of(double value) {
  if (value < kLeast) return 0;
  return 1 + static_cast<std::size_t>(std::log2(value / kLeast) * kSteps);
}

double middle_of(std::size_t step) {
  if (step == 0) return 0;
  return kLeast * std::exp2((static_cast<double>(step) - 0.5) / kSteps);
}

}  // namespace

void Histogram::add(double value, std::uint64_t times) {
  if (times == 0) return;
  least_ = count_ == 0 ? value : std::min(least_, value);
  most_ = count_ == 0 ? value : std::max(most_, value);
  count_ += times;
  sum_ += value * static_cast<double>(times);
  const std::size_t step = step_of(value);
  if (counts_.size() <= step) counts_.resize(step + 1);
  counts_[step] += times;
}

double Histogram::quantile(double part) const {
  const auto rank =
      static_cast<std::uint64_t>(std::max(1.0, std::ceil(part * static_cast<double>(count_))));
  std::uint64_t before = 0;
  for (std::size_t step = 0; step < counts_.size(); ++step) {
    before += counts_[step];
    if (before >= rank) return std::clamp(middle_of(step), least_, most_);
  }
  return most_;
}

Distribution Histogram::distribution() const {
  if (count_ == 0) return {};
  return {count_, sum_ / static_cast<double>(count_), quantile(0.5), quantile(0.95), most_};
}

}  // namespace mpibatch::sim
