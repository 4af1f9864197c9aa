// A starter that leaves: at its lease's end, when it is told to, when its disk fails.
#include <mpibatch/node/starter_core.hpp>

#include <gtest/gtest.h>

#include "unit/node/core_driver.hpp"

namespace mpibatch::node {
namespace {

using model::EndKind;

TEST(StarterCoreLeave, AsksForRenewalAndLeavesAtTheLapse) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 1}})});
  driver.started(driver.spawned[0].execution);
  EXPECT_EQ(driver.said<protocol::RenewRequest>().size(), 1U);
  const Duration first = driver.now.boot;
  driver.pass(10s);
  EXPECT_EQ(driver.said<protocol::RenewRequest>().size(), 2U);
  driver.pass(40s);
  driver.down({protocol::Renewed{first + 10s}});  // runs from the stamp of that request
  driver.down({protocol::Renewed{driver.now.boot + 500s}});
  driver.core.link_lost(driver.now);
  driver.pass(19s);
  EXPECT_TRUE(driver.exits.empty());
  EXPECT_EQ(driver.core.wake_at(), first + 70s);
  driver.pass(1s);
  ASSERT_EQ(driver.exits.size(), 1U);
  ASSERT_EQ(driver.signals.size(), 1U);
  EXPECT_EQ(driver.signals[0].signal, EndSignal::Kill);
}

TEST(StarterCoreLeave, ANewEpochsAttachAloneRenewsNothing) {
  AttachedDriver driver(1);
  driver.pass(50s);
  driver.attach(2);
  driver.pass(10s);
  EXPECT_EQ(driver.exits.size(), 1U);
}

TEST(StarterCoreLeave, SleepCountsForTheLease) {
  AttachedDriver driver(1);
  driver.now.boot += 61s;  // awake time stood still
  driver.pass(0s);
  EXPECT_EQ(driver.exits.size(), 1U);
}

TEST(StarterCoreLeave, LeavesUnattachedAfterItsLease) {
  CoreDriver driver(settings_of(1));
  EXPECT_EQ(driver.core.wake_at(), driver.now.boot + 60s);
  driver.pass(60s);
  EXPECT_EQ(driver.exits.size(), 1U);
}

TEST(StarterCoreLeave, LeavesWithARunThatEndsBeforeItHeardTheHello) {
  AttachedDriver driver(1);
  driver.down({protocol::StopAll{Duration{0}}, protocol::Leave{}}, 1, {});
  EXPECT_TRUE(driver.exits.empty());  // only Leave goes to whoever is here
  driver.down({protocol::Leave{}}, 0, {});
  EXPECT_TRUE(driver.exits.empty());
  driver.down({protocol::Leave{}}, 1, {});
  EXPECT_EQ(driver.exits.size(), 1U);
}

TEST(StarterCoreLeave, StartsNothingAfterLeave) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 3}})});
  driver.started(driver.spawned[0].execution);
  driver.down({protocol::Leave{true}, grant_of(2, 0, {{9, 10}})});
  EXPECT_EQ(driver.exits.size(), 1U);
  driver.ended(driver.spawned[0].execution, EndKind::Signaled, 9);
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterCoreLeave, AFailedSegmentStopsTheWorkAndSaysWhatIsLost) {
  AttachedDriver driver(2);
  driver.down({grant_of(1, 0, {{0, 4}})});
  const auto waiting = driver.spawned[0].execution;
  const auto running = driver.spawned[1].execution;
  driver.started(waiting);
  driver.started(running);
  driver.core.output(waiting, store::Stream::Stdout, "x");
  driver.core.output(running, store::Stream::Stdout, "y");
  driver.ended(waiting);
  driver.core.segment_failed("disk full", driver.now);
  driver.drain();
  ASSERT_EQ(driver.said<protocol::Trouble>().size(), 1U);
  EXPECT_TRUE(driver.said<protocol::Trouble>()[0].fatal);
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 1U);
  ASSERT_EQ(driver.ends().size(), 1U);
  EXPECT_NE(driver.ends()[0].end.reason.find("disk full"), std::string::npos);
  driver.ended(running);
  ASSERT_EQ(driver.ends().size(), 2U);
  EXPECT_NE(driver.ends()[1].end.reason.find("disk full"), std::string::npos);
  driver.down({grant_of(2, 0, {{8, 9}})});
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 2U);
  EXPECT_EQ(driver.spawned.size(), 3U);  // the third took the slot before the disk failed
}

}  // namespace
}  // namespace mpibatch::node
