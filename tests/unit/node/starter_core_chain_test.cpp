#include <mpibatch/node/starter_core.hpp>

#include <gtest/gtest.h>

#include "unit/node/core_driver.hpp"

namespace mpibatch::node {
namespace {

// Grant `number` of job 0, behind a child of another grant.
protocol::Grant grant_after(std::uint32_t number, model::Ranges children, std::uint32_t before,
                            model::ChildIndex child) {
  protocol::Grant grant = grant_of(number, 0, std::move(children));
  grant.after = model::ExecutionId{model::JobId{0}, child, grant_id(before)};
  return grant;
}

struct ChainDriver : AttachedDriver {
  explicit ChainDriver(std::uint32_t vcpus = 1) : AttachedDriver(vcpus) {}
  void start() { started(spawned.back().execution); }
  void end(std::int32_t code = 0) { ended(spawned.back().execution, model::EndKind::Exited, code); }
  model::ChildIndex last() const { return spawned.back().execution.child; }
};

TEST(StarterChain, StartsWhatComesAfterOnlyOnceThatHasSucceeded) {
  ChainDriver driver(4);
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0)});
  ASSERT_EQ(driver.spawned.size(), 1U);
  driver.start();
  ASSERT_EQ(driver.spawned.size(), 1U);
  driver.end();
  ASSERT_EQ(driver.spawned.size(), 2U);
  EXPECT_EQ(driver.last(), 1U);
  driver.start();
  driver.end();
  ASSERT_EQ(driver.spawned.size(), 3U);
  EXPECT_EQ(driver.last(), 2U);
}

TEST(StarterChain, TellsOfItsLinksTogether) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 4}}, 1, 0)});
  driver.start();
  const int sends = driver.sends;
  driver.end();
  driver.start();
  driver.end();
  driver.start();
  EXPECT_EQ(driver.sends, sends);
  EXPECT_EQ(driver.core.wake_at(), driver.now.boot + 50ms);
  driver.pass(50ms);
  EXPECT_EQ(driver.sends, sends + 1);
  driver.end();
  driver.start();
  driver.end();  // nothing comes after it
  EXPECT_EQ(driver.sends, sends + 2);
  EXPECT_EQ(driver.ends().size(), 4U);
}

TEST(StarterChain, SaysAtOnceWhatNobodyComesAfter) {
  ChainDriver driver(2);
  driver.down(
      {grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 4}}, 1, 0), grant_of(3, 0, {{9, 10}})});
  driver.started(driver.spawned[0].execution);
  driver.started(driver.spawned[1].execution);
  const int sends = driver.sends;
  driver.ended(driver.spawned[1].execution);
  EXPECT_EQ(driver.sends, sends + 1);
}

TEST(StarterChain, ForgetsWhatWasToComeAfterAFailure) {
  ChainDriver driver;
  driver.down(
      {grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0), grant_after(3, {{3, 4}}, 2, 2)});
  driver.start();
  driver.end(1);
  EXPECT_EQ(driver.spawned.size(), 1U);
  driver.down({protocol::Acknowledged{1}});
  EXPECT_TRUE(driver.core.idle());
  driver.forget_said();
  driver.attach(2);
  EXPECT_TRUE(driver.said<protocol::Hello>().at(0).inventory.empty());
}

TEST(StarterChain, ForgetsWhatWasToComeAfterAStop) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0)});
  driver.start();
  driver.down({protocol::Stop{grant_id(1), {{0, 1}}, 5s}});
  driver.ended(driver.spawned[0].execution, model::EndKind::Signaled, 15);
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterChain, GoesOnAfterWhatHasEndedAlready) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}})});
  driver.start();
  driver.end();
  driver.down({grant_after(2, {{1, 2}}, 1, 0)});
  ASSERT_EQ(driver.spawned.size(), 2U);
  EXPECT_EQ(driver.last(), 1U);
}

TEST(StarterChain, GivesBackWhatComesAfterNothingItKnows) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}})});
  driver.start();
  driver.end(1);
  driver.forget_said();
  driver.down({grant_after(2, {{1, 2}}, 1, 0)});  // behind a failure
  driver.down({grant_after(3, {{1, 2}}, 7, 0)});  // behind what never came
  driver.down({protocol::Acknowledged{1}});
  driver.down({grant_after(4, {{1, 2}}, 1, 0)});  // behind what is forgotten
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 3U);
  EXPECT_EQ(driver.spawned.size(), 1U);
  EXPECT_TRUE(driver.core.idle());
}

TEST(StarterChain, RecallTakesAlongWhatComesAfter) {
  ChainDriver driver;
  driver.down(
      {grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 5}}, 1, 0), grant_after(3, {{5, 6}}, 2, 4)});
  driver.start();
  driver.forget_said();
  driver.down({protocol::Recall{grant_id(2), {{3, 4}}}});
  model::RangeSet back;
  for (const protocol::Returned& returned : driver.said<protocol::Returned>())
    for (const model::Range& range : returned.children) back.insert(range);
  EXPECT_EQ(back.ranges(), (model::Ranges{{3, 6}}));
  driver.end();
  driver.start();
  driver.end();
  driver.start();
  driver.end();
  EXPECT_EQ(driver.spawned.size(), 3U);  // 0, 1 and 2
}

TEST(StarterChain, AHeadThatDoesNotMoveTakesAlongWhatComesAfter) {
  ChainDriver driver;
  driver.down(
      {grant_of(1, 0, {{9, 10}}), grant_of(2, 0, {{0, 1}}), grant_after(3, {{1, 3}}, 2, 0)});
  driver.start();
  driver.forget_said();
  driver.pass(1s);
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 2U);
  driver.pass(10s);
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 2U);
}

TEST(StarterChain, WaitsForItsTurnHoweverLongThatTakes) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0)});
  driver.start();
  driver.forget_said();
  driver.pass(20s);
  EXPECT_TRUE(driver.said<protocol::Returned>().empty());
  driver.end();
  EXPECT_EQ(driver.spawned.size(), 2U);
}

TEST(StarterChain, ATurnKeepsTheOrderOfTheGrants) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 2}}, 1, 0), grant_of(3, 0, {{8, 9}})});
  driver.start();
  driver.end();
  EXPECT_EQ(driver.last(), 1U);
}

TEST(StarterChain, NothingComesAfterTheEndOfARun) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0)});
  driver.start();
  driver.forget_said();
  driver.down({protocol::StopAll{5s}});
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 1U);
  driver.end();  // it ended well before the signal reached it
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterChain, InventoryHoldsWhatWaitsForItsTurn) {
  ChainDriver driver;
  driver.down({grant_of(1, 0, {{0, 1}}), grant_after(2, {{1, 3}}, 1, 0)});
  driver.start();
  driver.forget_said();
  driver.attach(2);
  const auto inventory = driver.said<protocol::Hello>().at(0).inventory;
  ASSERT_EQ(inventory.size(), 2U);
  EXPECT_EQ(inventory[1].children, (model::Ranges{{1, 3}}));
  EXPECT_TRUE(inventory[1].started.empty());
  driver.end();
  EXPECT_EQ(driver.last(), 1U);  // as it was told before
}

}  // namespace
}  // namespace mpibatch::node
