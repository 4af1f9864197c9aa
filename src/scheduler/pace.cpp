#include "scheduler/pace.hpp"

#include <algorithm>

#include "scheduler/limits.hpp"

namespace mpibatch::scheduler {

namespace {

// The newest one's part of the mean is one in so many.
constexpr std::int64_t kWeight = 16;
// Longer ones count as this: alone it keeps anything from going ahead.
constexpr Duration kLong = 2 * kWeight * kBacklogWindow;

}  // namespace

void Pace::ended(Duration took, bool succeeded) {
  took = std::clamp(took, Duration{1}, kLong);
  if (!succeeded && (seen_ == 0 || took < mean_)) return;
  mean_ = seen_ == 0 ? took : mean_ + (took - mean_) / kWeight;
  seen_ = std::min(seen_ + 1, kBacklogSlotsMax);
}

std::uint64_t Pace::within(Duration window) const {
  if (seen_ == 0) return 0;
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(window / mean_), seen_);
}

}  // namespace mpibatch::scheduler
