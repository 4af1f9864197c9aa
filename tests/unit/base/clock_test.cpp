#include <mpibatch/base/clock.hpp>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(SystemClock, CountsWallTimeSince1970) {
  EXPECT_GT(SystemClock{}.wall(), std::chrono::hours{24 * 365 * 50});
}

TEST(SystemClock, NeverGoesBackAndSleepsNeverLonger) {
  const SystemClock clock;
  const Duration awake = clock.awake();
  const Duration boot = clock.boot();
  EXPECT_GT(awake, Duration{0});
  EXPECT_GE(boot, awake);
  EXPECT_GE(clock.boot(), boot);
  EXPECT_GE(clock.awake(), awake);
}

TEST(Instant, KeepsMicroseconds) { EXPECT_EQ(to_us(instant_from_us(-17)), -17); }

}  // namespace
}  // namespace mpibatch
