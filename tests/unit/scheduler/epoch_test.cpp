// What a new life of rank 0 does to what the journal says of the one before.
#include <gtest/gtest.h>

#include <mpibatch/scheduler/scheduler.hpp>

namespace mpibatch::scheduler {
namespace {

using std::chrono::seconds;

constexpr model::NodeId kNode{0};
const model::InstanceId kStarter{17};

model::EpochBegan epoch(std::uint32_t number, const std::string& boot, Duration now) {
  return {model::Epoch{number}, "host of " + boot, boot, now, Instant{now}};
}

Scheduler awaiting_a_lease() {
  Scheduler core;
  EXPECT_TRUE(core.apply(epoch(1, "boot1", seconds(0))));
  EXPECT_TRUE(core.apply(model::NodeJoined{kNode, {"n1", 0}, kStarter, "b", {1}}));
  EXPECT_TRUE(core.apply(model::LeaseAwaited{kNode, kStarter, Instant{seconds(82)}}));
  return core;
}

TEST(Epoch, DeadlinesCountOnWhileTheClockDoes) {
  Scheduler core = awaiting_a_lease();
  ASSERT_TRUE(core.apply(epoch(2, "boot1", seconds(50))));
  EXPECT_EQ(core.lease_awaited(kNode, kStarter), Instant{seconds(82)});
}

// The second epoch's clock may be ahead by minutes. The third goes on from that one, and must not
// take the first one's deadline for one of its own clock.
TEST(Epoch, DeadlinesEndWithTheirClock) {
  Scheduler core = awaiting_a_lease();
  ASSERT_TRUE(core.apply(epoch(2, "boot2", seconds(600))));
  ASSERT_TRUE(core.apply(epoch(3, "boot2", seconds(601))));
  EXPECT_EQ(core.lease_awaited(kNode, kStarter), std::nullopt);
}

TEST(Epoch, WithoutABootIdNothingCountsOn) {
  Scheduler core = awaiting_a_lease();
  ASSERT_TRUE(core.apply(epoch(2, "", seconds(50))));
  ASSERT_TRUE(core.apply(epoch(3, "", seconds(60))));
  EXPECT_EQ(core.lease_awaited(kNode, kStarter), std::nullopt);
}

}  // namespace
}  // namespace mpibatch::scheduler
