#include <mpibatch/node/starter_core.hpp>

#include <gtest/gtest.h>

#include "unit/node/core_driver.hpp"

namespace mpibatch::node {
namespace {

TEST(StarterBacklog, GathersStartsAndEndsWhileItHasWorkToGoOnWith) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 3}})});
  driver.started(driver.spawned[0].execution);
  driver.pass(50ms);
  const int sends = driver.sends;
  driver.ended(driver.spawned[0].execution);
  driver.started(driver.spawned[1].execution);
  EXPECT_EQ(driver.sends, sends);
  EXPECT_EQ(driver.core.wake_at(), driver.now.boot + 50ms);
  driver.pass(50ms);
  EXPECT_EQ(driver.sends, sends + 1);
  ASSERT_EQ(driver.last_message.frames.size(), 2U);  // the start and the end
  EXPECT_GT(driver.core.wake_at(), driver.now.boot + 50ms);
}

TEST(StarterBacklog, SaysAtOnceThatItHasNoMoreWork) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 1}})});
  driver.started(driver.spawned[0].execution);
  const int sends = driver.sends;
  driver.ended(driver.spawned[0].execution);
  EXPECT_EQ(driver.sends, sends + 1);
  EXPECT_EQ(driver.ends().size(), 1U);
}

// It once waited for a message that nobody could be sent.
TEST(StarterBacklog, WaitsForNothingWithoutALink) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 2}})});
  driver.started(driver.spawned[0].execution);
  driver.core.output(driver.spawned[0].execution, store::Stream::Stdout, "text");
  driver.core.link_lost(driver.now);
  driver.ended(driver.spawned[0].execution);
  driver.pass(50ms);
  ASSERT_EQ(driver.syncs.size(), 1U);
  driver.synced(driver.syncs[0]);
  EXPECT_GT(driver.core.wake_at(), driver.now.boot + 1s);
}

TEST(StarterBacklog, GoesBackWhereItDoesNotMove) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 3}})});
  driver.started(driver.spawned[0].execution);
  driver.pass(600ms);
  driver.down({grant_of(2, 0, {{7, 8}})});
  driver.forget_said();
  EXPECT_LE(driver.core.wake_at(), driver.now.boot + 400ms);
  driver.pass(400ms);
  const auto returned = driver.said<protocol::Returned>();
  ASSERT_EQ(returned.size(), 1U);  // the later grant has its second still
  EXPECT_EQ(returned[0], (protocol::Returned{grant_id(1), {{1, 3}}}));
  driver.ended(driver.spawned[0].execution);
  ASSERT_EQ(driver.spawned.size(), 2U);
  EXPECT_EQ(driver.spawned[1].execution.child, 7U);
}

TEST(StarterBacklog, StaysWhileRankZeroIsAway) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 2}})});
  driver.started(driver.spawned[0].execution);
  driver.core.link_lost(driver.now);
  driver.pass(5s);
  driver.ended(driver.spawned[0].execution);
  EXPECT_EQ(driver.spawned.size(), 2U);
}

}  // namespace
}  // namespace mpibatch::node
