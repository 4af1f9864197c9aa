#include <map>

#include "scheduler/limits.hpp"
#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::ChildIndex;
using model::Granted;
using model::JobId;
using model::NodeId;
using testing::at;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;
using testing::Timeline;

// "job:environment@node" of each grant, one a child.
std::multiset<std::string> places(SchedulerDriver& driver, Instant now = {}) {
  std::multiset<std::string> found;
  for (const model::Fact& fact : driver.core.decide(now)) {
    const auto* granted = std::get_if<Granted>(&fact);
    if (!granted) continue;
    const std::string environment =
        granted->environment == model::kNoEnvironment
            ? "-"
            : driver.core.rules().environments.at(granted->environment).name;
    model::for_each(granted->children, [&](ChildIndex) {
      found.insert(std::string(driver.core.name(granted->job)) + ":" + environment + "@" +
                   driver.core.node(granted->node)->name.host);
    });
  }
  return found;
}

NodeId join(SchedulerDriver& driver, const std::string& name, model::Resources capacity,
            std::vector<std::string> features) {
  driver.happen(NodeHello{{name, 0}, {1}, "b", capacity, std::move(features)});
  return driver.core.node(model::NodeName{name, 0})->id;
}

model::AttemptEnd success_of(Duration wall) {
  model::AttemptEnd end;
  end.usage.wall = wall;
  return end;
}

// "computeEnvironmentOrder[] is tried in ascending order": a queue's list is in that order.
TEST(Placement, TriesEnvironmentsInTheirOrder) {
  PlanBuilder plan{{{"default", 1, {1, 0}}}, {JobBuilder("a").array(5)}};
  plan.environments = {{"big", true, 0, 0, {"big[1-2]"}, {}}, {"small", true, 0, 0, {"s1"}, {}}};
  SchedulerDriver driver(plan);
  driver.join("big1", {8, 0});
  driver.join("s1", {2, 0});
  driver.join("other", {8, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"a:small@s1", "a:small@s1", "a:big@big1",
                                                        "a:big@big1", "a:big@big1"}));
}

TEST(Placement, GivesADisabledEnvironmentNothing) {
  PlanBuilder plan{{{"default", 1, {0, 1}}}, {JobBuilder("a").array(5)}};
  plan.environments = {{"off", false, 0, 0, {"n1"}, {}}, {"on", true, 0, 0, {"n2"}, {}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {8, 0});
  driver.join("n2", {2, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"a:on@n2", "a:on@n2"}));
}

TEST(Placement, KeepsAnEnvironmentWithinItsMaxVcpus) {
  PlanBuilder plan{{{"default", 1, {0, 1}}}, {JobBuilder("a").array(9).vcpus(2)}};
  plan.environments = {{"few", true, 0, 5, {"n1"}, {}}, {"many", true, 0, 0, {}, {"extra"}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {10, 0});
  join(driver, "n2", {4, 0}, {"extra"});
  const auto found = places(driver);
  EXPECT_EQ(found.count("a:few@n1"), 2U);
  EXPECT_EQ(found.count("a:many@n2"), 2U);
  EXPECT_EQ(found.size(), 4U);
}

TEST(Placement, SharesAnEnvironmentBetweenQueuesByPriority) {
  PlanBuilder plan{{{"low", 1, {0}}, {"high", 5, {0}}},
                   {JobBuilder("l").array(9).queue("low"), JobBuilder("h").array(3).queue("high")}};
  plan.environments = {{"e", true, 0, 4, {}, {}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {10, 0});
  const auto found = places(driver);
  EXPECT_EQ(found.count("h:e@n1"), 3U);
  EXPECT_EQ(found.count("l:e@n1"), 1U);
}

// A wide job that waits for room under maxvCpus is not starved by narrow ones behind it.
TEST(Placement, LetsNobodyTakeTheMaxVcpusThatAHeadWaitsFor) {
  PlanBuilder plan{{{"default", 1, {0}}},
                   {JobBuilder("first").vcpus(3).expected(10s), JobBuilder("wide").vcpus(4),
                    JobBuilder("narrow").array(50).expected(9s)}};
  plan.environments = {{"e", true, 0, 4, {}, {}}};
  Timeline line(plan);
  line.join("n1", {64, 0});
  line.takes = [](JobId, ChildIndex) { return 10s; };
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
}

TEST(Placement, FiltersNodesByAJobsConstraints) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(4).on("gpu:a100"), JobBuilder("b").array(4)}});
  join(driver, "n1", {2, 0}, {"gpu:a100"});
  join(driver, "n2", {2, 0}, {"gpu:v100"});
  const auto found = places(driver);
  EXPECT_EQ(found.count("a:-@n1"), 2U);
  EXPECT_EQ(found.count("b:-@n2"), 2U);
}

TEST(Placement, CountsGpus) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(4).gpus(2)}});
  driver.join("n1", {8, 0, 3});
  driver.join("n2", {8, 0, 4});
  const auto found = places(driver);
  EXPECT_EQ(found.count("a:-@n1"), 1U);
  EXPECT_EQ(found.count("a:-@n2"), 2U);
}

TEST(Placement, WhatFitsOnNoPresentNodeHoldsNobodyBack) {
  SchedulerDriver driver(
      {{}, {JobBuilder("big").vcpus(9), JobBuilder("odd").on("nowhere"), JobBuilder("a")}});
  driver.join("n1", {2, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"a:-@n1"}));
  driver.join("n2", {9, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"big:-@n2"}));
}

TEST(Placement, FollowsNodesThatCloseGoAndComeBackBigger) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(100).vcpus(2)}});
  const NodeId node = driver.join("n1", {2, 0});
  driver.core.set_open(node, false);
  EXPECT_TRUE(places(driver).empty());
  driver.core.set_open(node, true);
  EXPECT_EQ(places(driver).size(), 1U);
  driver.happen(InstanceGone{node, {1}, "lost"});
  EXPECT_TRUE(places(driver).empty());
  driver.join("n1", {6, 0}, 2);
  EXPECT_EQ(places(driver).size(), 3U);
}

TEST(Placement, MergesQueuesOfOnePriorityByThePlansOrder) {
  SchedulerDriver driver(
      {{{"x", 1}, {"y", 1}},
       {JobBuilder("a").queue("y"), JobBuilder("b").queue("x"), JobBuilder("c").queue("y")}});
  driver.join("n1", {2, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"a:-@n1", "b:-@n1"}));
}

TEST(Placement, GoesByPriorityWithinAQueue) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("b").priority(3), JobBuilder("c")}});
  driver.join("n1", {1, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"b:-@n1"}));
}

TEST(Placement, BoundsAnArrayByMaxConcurrentAndHoldsNobodyBack) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(9).max_concurrent(3), JobBuilder("b")}});
  driver.join("n1", {8, 0});
  const auto found = places(driver);
  EXPECT_EQ(found.count("a:-@n1"), 3U);
  EXPECT_EQ(found.count("b:-@n1"), 1U);
  driver.started(driver.grant(1), {{0, 3}});
  EXPECT_TRUE(places(driver).empty());  // running ones count
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(places(driver).size(), 1U);
}

// "A job waits in RUNNABLE for them; they are locked at STARTING and released at the end (a
// non-replenishable one stays spent)."
TEST(Placement, LocksConsumablesAndGivesThemBack) {
  PlanBuilder plan{{}, {JobBuilder("a").array(9).takes("licence", 2), JobBuilder("b")}};
  plan.consumables = {{"licence", 5, true}};
  SchedulerDriver driver(plan);
  driver.join("n1", {8, 0});
  const auto found = places(driver);
  EXPECT_EQ(found.count("a:-@n1"), 2U);
  EXPECT_EQ(found.count("b:-@n1"), 1U);
  driver.started(driver.grant(1), {{0, 2}});
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"a:-@n1"}));
}

TEST(Placement, SpendsWhatDoesNotReplenish) {
  PlanBuilder plan{{}, {JobBuilder("a").array(9).takes("tokens", 1)}};
  plan.consumables = {{"tokens", 2, false}};
  SchedulerDriver driver(plan);
  driver.join("n1", {8, 0});
  EXPECT_EQ(places(driver).size(), 2U);
  driver.started(driver.grant(1), {{0, 2}});
  driver.ended(driver.grant(1), {{0, 2}});
  EXPECT_TRUE(places(driver).empty());
}

TEST(Placement, StarvesNobodyOfAConsumable) {
  PlanBuilder plan{{},
                   {JobBuilder("first").takes("licence", 3), JobBuilder("wide").takes("licence", 4),
                    JobBuilder("narrow").takes("licence", 1), JobBuilder("free")}};
  plan.consumables = {{"licence", 5, true}};
  SchedulerDriver driver(plan);
  driver.join("n1", {8, 0});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"first:-@n1", "free:-@n1"}));
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(places(driver), (std::multiset<std::string>{"wide:-@n1", "narrow:-@n1"}));
}

TEST(Placement, AsksForMoreMemoryAfterAnEndForLackOfIt) {
  SchedulerDriver driver(
      {{}, {JobBuilder("a").array(2).memory(400).attempts(3).memory_times(2, 1000)}});
  driver.join("small", {8, 500});
  const NodeId big = driver.join("big", {8, 900});
  driver.grants();
  model::AttemptEnd end = testing::end_of(model::EndKind::OutOfMemory, 137);
  end.usage.wall = 1s;
  for (const GrantView& grant : driver.core.grants()) driver.ended(grant.id, grant.children, end);
  const auto grants = driver.grants();  // both ask for 800 MiB now: one at a time on the big one
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].node, big);
  EXPECT_EQ(grants[0].each.memory_mib, 800U);
}

TEST(Placement, SendsNoBacklogToNodesThatAHeadWaitsFor) {
  SchedulerDriver driver({{},
                          {JobBuilder("short").array(30), JobBuilder("wide").vcpus(4),
                           JobBuilder("behind").array(50)}});
  driver.join("n1", {4, 0});
  driver.grants();
  driver.ended(driver.grant(1), {{0, 1}}, success_of(1ms));
  for (const Granted& granted : driver.grants()) EXPECT_EQ(granted.job, driver.job("short"));
}

struct TakingBack : ::testing::Test {
  SchedulerDriver driver{{{}, {JobBuilder("a").array(20)}}};
  NodeId first = driver.join("n1", {2, 0});

  // n1 has 2 children running and 4 more waiting; nothing is left at rank 0.
  void fill() {
    driver.grants();
    driver.started(driver.grant(1), {{0, 2}});
    std::uint32_t number = 0;
    for (ChildIndex left = 20; left > 6;) {
      std::vector<GrantView> held = driver.core.grants();
      const GrantView& grant = held.front();
      driver.ended(grant.id, {{grant.children[0].begin, grant.children[0].begin + 1}},
                   success_of(1ms));
      --left;
      driver.grants();
      ASSERT_LT(++number, 100U);
    }
    driver.core.take_changed_wishes();
    ASSERT_EQ(driver.core.node(first)->granted.vcpus, 6U);
  }
  std::uint64_t recalled() {
    std::uint64_t children = 0;
    for (const GrantView& grant : driver.core.grants())
      children += model::count(driver.core.to_recall(grant.id));
    return children;
  }
};

TEST_F(TakingBack, AsksForWhatAnIdleNodeCanStartAtOnce) {
  fill();
  driver.decide();
  EXPECT_EQ(recalled(), 0U);
  const NodeId second = driver.join("n2", {3, 0});
  driver.decide();
  EXPECT_EQ(recalled(), 3U);
  EXPECT_FALSE(driver.core.take_changed_wishes().empty());
  driver.decide();
  EXPECT_EQ(recalled(), 3U);  // they are on their way
  EXPECT_TRUE(driver.core.take_changed_wishes().empty());
  for (const GrantView& grant : driver.core.grants())
    driver.returned(grant.id, driver.core.to_recall(grant.id));
  for (const Granted& granted : driver.grants()) EXPECT_EQ(granted.node, second);
  EXPECT_EQ(driver.core.node(second)->granted.vcpus, 3U);
  EXPECT_EQ(recalled(), 0U);
}

TEST_F(TakingBack, LeavesWhatANodeStartsAtOnceItself) {
  fill();
  driver.join("n2", {64, 0});
  driver.decide();
  EXPECT_EQ(recalled(), 4U);  // of six, n1 has room for two
}

// jobStateTimeLimitActions: "on the head job"; reason "Canceled by JobStateTimeLimit action due to
// reason: <reason>".
TEST(TimeLimit, CancelsTheHeadThatWaitsForRoomTooLong) {
  PlanBuilder plan{{{"default", 1}},
                   {JobBuilder("first").vcpus(4).expected(5000s),
                    JobBuilder("head").vcpus(4).expected(1s), JobBuilder("next").vcpus(4)}};
  plan.queues[0].time_limits = {{"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 600s}};
  Timeline line(plan);
  line.join("n1", {4, 0});
  line.step();
  EXPECT_EQ(line.core.next_time(), at(600s));
  line.now = at(599s);
  line.step();
  EXPECT_TRUE(line.made.empty());
  line.now = at(600s);
  line.step();
  ASSERT_EQ(line.made.size(), 1U);
  const auto& ended = std::get<model::WaitEnded>(line.made[0]);
  EXPECT_EQ(ended.job, line.job("head"));
  EXPECT_TRUE(ended.cancelled);
  EXPECT_EQ(ended.reason,
            "Canceled by JobStateTimeLimit action due to reason: "
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY");
  EXPECT_EQ(line.state("head"), "cancelled");
  EXPECT_EQ(line.core.next_time(), at(1200s));  // `next` heads the queue since then
}

TEST(TimeLimit, TellsWhatCannotFitFromWhatMustWait) {
  PlanBuilder plan{{{"default", 1, {0}}},
                   {JobBuilder("huge").array(3).vcpus(99), JobBuilder("wide").vcpus(8)}};
  plan.environments = {{"e", true, 0, 6, {}, {}}};
  plan.queues[0].time_limits = {
      {"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 600s},
      {"MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated", 900s},
      {"MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 700s}};
  Timeline line(plan);
  line.join("n1", {32, 0});
  line.step();
  line.now = at(700s);
  line.step();
  ASSERT_EQ(line.made.size(), 1U);
  EXPECT_EQ(std::get<model::WaitEnded>(line.made[0]).job, line.job("huge"));
  EXPECT_EQ(std::get<model::WaitEnded>(line.made[0]).children, (model::Ranges{{0, 3}}));
  line.now = at(900s);
  line.step();
  EXPECT_EQ(std::get<model::WaitEnded>(line.made.at(0)).job, line.job("wide"));
}

TEST(TimeLimit, StartsAnewWithEachHead) {
  PlanBuilder plan{{{"default", 1}}, {JobBuilder("a").array(100).expected(500s)}};
  plan.queues[0].time_limits = {{"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 600s}};
  Timeline line(plan);
  line.join("n1", {1, 0});
  line.run();
  EXPECT_EQ(line.core.counts()[model::ChildState::Succeeded], 100U);
}

TEST(Sleep, IsOverAtItsTime) {
  Timeline line({{}, {JobBuilder("a").not_before(30s).expected(1s), JobBuilder("b").expected(1s)}});
  line.join("n1", {1, 0});
  line.run();
  EXPECT_EQ(line.start("a"), at(30s));
  EXPECT_EQ(line.start("b"), at(0s));
}

}  // namespace
}  // namespace mpibatch::scheduler
