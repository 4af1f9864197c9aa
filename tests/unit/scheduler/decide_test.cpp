#include <map>

#include <fmt/format.h>

#include "scheduler/state.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::Granted;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;

std::uint64_t granted_to(const std::vector<Granted>& grants, NodeId node) {
  std::uint64_t children = 0;
  for (const Granted& grant : grants)
    if (grant.node == node) children += model::count(grant.children);
  return children;
}

model::AttemptEnd success_of(Duration wall) {
  model::AttemptEnd end;
  end.usage.wall = wall;
  return end;
}

TEST(Decide, GrantsNothingWithoutANode) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(10)}});
  EXPECT_TRUE(driver.decide().empty());
}

TEST(Decide, GrantsNothingToAClosedNode) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(10)}});
  const NodeId node = driver.join("n1", {4, 0});
  driver.core.set_open(node, false);
  EXPECT_TRUE(driver.decide().empty());
  driver.core.set_open(node, true);
  EXPECT_EQ(granted_to(driver.grants(), node), 4U);
}

TEST(Decide, FillsANodeAndNoMore) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(10).vcpus(3)}});
  const NodeId node = driver.join("n1", {10, 0});
  EXPECT_EQ(granted_to(driver.grants(), node), 3U);
  EXPECT_TRUE(driver.decide().empty());
  EXPECT_EQ(driver.core.node(node)->granted, (model::Resources{9, 0}));
}

TEST(Decide, GrantsEachChildOnceInOrderUnderRisingNumbers) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(7), JobBuilder("b").array(5)}});
  driver.join("n1", {5, 0});
  driver.join("n2", {5, 0});
  driver.join("n3", {2, 0});
  std::map<JobId, ChildIndex> next;
  std::uint32_t number = 0;
  for (const Granted& grant : driver.grants()) {
    EXPECT_EQ(grant.grant, driver.grant(++number));
    model::for_each(grant.children, [&](ChildIndex child) { EXPECT_EQ(child, next[grant.job]++); });
  }
  EXPECT_EQ(next[driver.job("a")], 7U);
  EXPECT_EQ(next[driver.job("b")], 5U);
}

TEST(Decide, SpreadsTheLastFewOverTheNodes) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(4)}});
  std::vector<NodeId> nodes;
  for (const char* name : {"n1", "n2", "n3", "n4"}) nodes.push_back(driver.join(name, {8, 0}));
  const auto grants = driver.grants();
  for (const NodeId node : nodes) EXPECT_EQ(granted_to(grants, node), 1U);
}

TEST(Decide, PutsABigJobWhereItFits) {
  SchedulerDriver driver({{}, {JobBuilder("big").vcpus(6).memory(100)}});
  driver.join("small", {4, 1000});
  driver.join("poor", {8, 50});
  const NodeId good = driver.join("good", {8, 100});
  EXPECT_EQ(granted_to(driver.grants(), good), 1U);
}

TEST(Decide, LetsSlowWorkWaitAtRankZero) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(100)}});
  driver.join("n1", {2, 0});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 1}}, success_of(kBacklogWindow + 1ms));
  EXPECT_EQ(model::count(driver.grants().front().children), 1U);
  EXPECT_TRUE(driver.decide().empty());
}

TEST(Decide, KeepsTheBacklogWithinItsBound) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(20'000)}});
  const NodeId node = driver.join("n1", {10, 0});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 5}}, success_of(1us));
  driver.decide();
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 10 + 10 * kBacklogSlotsMax);
}

TEST(Decide, CountsMemoryInTheBacklog) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(20'000).memory(400)}});
  const NodeId node = driver.join("n1", {100, 1000});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 1}}, success_of(1us));
  driver.decide();
  const auto slots = 2;
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, slots + slots * kBacklogSlotsMax);
}

TEST(Decide, CountsABacklogOfMillisecondsByTheWindow) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(1000)}});
  const NodeId node = driver.join("n1", {10, 0});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 5}}, success_of(kBacklogWindow));
  driver.decide();
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 20U);  // one round of all slots starts in time
}

TEST(Decide, DoesNotOverflowOnAbsurdTimes) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(4)}});
  driver.join("n1", {1, 0});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 1}}, success_of(Duration::max()));
  EXPECT_EQ(driver.grants().size(), 1U);
  driver.ended(driver.grant(2), {{1, 2}}, success_of(Duration::min()));
  EXPECT_EQ(driver.grants().size(), 1U);
}

PlanBuilder single_jobs(int count) {
  PlanBuilder plan;
  for (int i = 0; i < count; ++i) plan.jobs.push_back(JobBuilder(fmt::format("j{}", i)));
  return plan;
}

// vCPUs that a node has been given after one more job ended there that took so long.
std::uint32_t given_after(SchedulerDriver& driver, NodeId node, std::uint32_t grant, Duration took,
                          model::EndKind kind = model::EndKind::Exited, int code = 0) {
  model::AttemptEnd end = testing::end_of(kind, code);
  end.usage.wall = took;
  driver.ended(driver.grant(grant), {{0, 1}}, end);
  driver.decide();
  return driver.core.node(node)->granted.vcpus;
}

// As many more for each slot as were seen to be short: they may differ.
TEST(Decide, SendsSingleJobsAheadOnceTheirLikeWereShort) {
  SchedulerDriver driver(single_jobs(1000));
  const NodeId node = driver.join("n1", {10, 0});
  driver.decide();
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 10U);
  for (std::uint32_t i = 1; i <= 8; ++i) EXPECT_EQ(given_after(driver, node, i, 1ms), 10 + 10 * i);
  // 250 ms, at 3 ms each.
  EXPECT_EQ(given_after(driver, node, 9, 33ms), 10 + 10 * 9);
}

TEST(Decide, SendsNoSingleJobsAheadAfterALongOne) {
  SchedulerDriver driver(single_jobs(1000));
  const NodeId node = driver.join("n1", {2, 0});
  driver.decide();
  for (std::uint32_t i = 1; i <= 9; ++i) given_after(driver, node, i, 1ms);
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 20U);
  EXPECT_EQ(given_after(driver, node, 10, 1h), 19U);
  for (std::uint32_t i = 11; i <= 28; ++i) given_after(driver, node, i, 1h);
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 2U);
}

TEST(Decide, LearnsNothingFromSingleJobsThatFailAtOnce) {
  SchedulerDriver driver(single_jobs(100));
  const NodeId node = driver.join("n1", {2, 0});
  driver.decide();
  for (std::uint32_t i = 1; i <= 9; ++i)
    EXPECT_EQ(given_after(driver, node, i, 1ms, model::EndKind::Exited, 1), 2U);
}

TEST(Decide, KeepsSingleJobsOfOtherKindsApart) {
  PlanBuilder plan = single_jobs(10);
  for (int i = 0; i < 100; ++i)
    plan.jobs.push_back(JobBuilder(fmt::format("other{}", i)).memory(10));
  SchedulerDriver driver(plan);
  const NodeId node = driver.join("n1", {2, 1000});
  driver.decide();
  for (std::uint32_t i = 1; i <= 10; ++i) given_after(driver, node, i, 1ms);
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 2U);
}

// A starter gives back what has not moved: what it took for short is not.
TEST(Decide, SendsNoSingleJobsAheadThatWereGivenBack) {
  SchedulerDriver driver(single_jobs(100));
  const NodeId node = driver.join("n1", {1, 0});
  driver.decide();
  EXPECT_EQ(given_after(driver, node, 1, 1ms), 2U);
  driver.returned(driver.grant(3), {{0, 1}});
  EXPECT_TRUE(driver.decide().empty());
  EXPECT_EQ(given_after(driver, node, 2, 1ms), 2U);
}

TEST(Decide, KeepsWhatMayFailAheadWithinMaxFailures) {
  PlanBuilder plan = single_jobs(1000);
  plan.max_failures = 3;
  SchedulerDriver driver(plan);
  const NodeId node = driver.join("n1", {2, 0});
  driver.decide();
  for (std::uint32_t i = 1; i <= 20; ++i) given_after(driver, node, i, 1ms);
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 2 + 2 * (kCautiousSlots + 3));
}

// Single jobs share what is idle.
TEST(Decide, AsksBackAsManySingleJobsAsAreStartedElsewhere) {
  SchedulerDriver driver(single_jobs(20));
  driver.join("n1", {2, 0});
  driver.decide();
  for (std::uint32_t i = 1; i <= 8; ++i) {
    driver.ended(driver.grant(i), {{0, 1}}, success_of(1ms));
    driver.decide();
  }
  driver.core.take_changed_wishes();
  driver.join("n2", {3, 0});
  driver.decide();
  EXPECT_EQ(driver.core.take_changed_wishes(),
            (std::vector{driver.grant(18), driver.grant(19), driver.grant(20)}));
  driver.decide();
  EXPECT_TRUE(driver.core.take_changed_wishes().empty());
}

TEST(Decide, FinishesOnceWhenEverythingIsTerminal) {
  SchedulerDriver driver({{}, {JobBuilder("a")}});
  driver.join("n1", {1, 0});
  driver.grants();
  EXPECT_FALSE(driver.core.finished());
  driver.ended(driver.grant(1), {{0, 1}});
  const auto facts = driver.decide();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(std::get<model::RunFinished>(facts[0]).failed, false);
  EXPECT_TRUE(driver.core.finished());
  EXPECT_TRUE(driver.decide().empty());
}

TEST(Decide, HasNothingToFinishBeforeAPlan) {
  SchedulerDriver driver;
  driver.join("n1", {1, 0});
  EXPECT_TRUE(driver.decide().empty());
}

TEST(Stuck, SaysWhatIsLackingOnlyWhenNothingRuns) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("big").vcpus(9)}});
  const NodeId node = driver.join("n1", {2, 0});
  EXPECT_EQ(
      driver.core.unsatisfiable(),
      std::vector<std::string>{"job 'big' needs 9 vCPUs on one node; the largest of 1 has 2"});
  driver.decide();
  EXPECT_TRUE(driver.core.stuck().empty());
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(driver.core.stuck().size(), 1U);
  driver.core.set_open(node, false);
  EXPECT_EQ(driver.core.stuck(), std::vector<std::string>{"job 'big' has no node to run on"});
}

}  // namespace
}  // namespace mpibatch::scheduler
