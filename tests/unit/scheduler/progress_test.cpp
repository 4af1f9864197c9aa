// What must not wait for ever, be cancelled with others, or go back and forth.
#include "scheduler/placement_memory.hpp"

#include <gtest/gtest.h>

#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;
using testing::Timeline;

// Three of ten tokens at a time: one is left that nobody who needs three will ever get.
TEST(Progress, WhatLacksAConsumableForGoodHoldsNobodyBack) {
  PlanBuilder plan{{},
                   {JobBuilder("three").array(4).expected(1s).takes("token", 3),
                    JobBuilder("one").expected(1s).takes("token", 1)}};
  plan.consumables = {{"token", 10, false}};
  Timeline line(plan);
  line.join("n1", {64, 0});
  line.run();
  EXPECT_EQ(line.state("three", 2), "succeeded");
  EXPECT_EQ(line.state("one"), "succeeded");
  EXPECT_EQ(line.core.stuck().size(), 1U);
}

TEST(Progress, WhatAsksForMoreOfAConsumableThanThereIsHoldsNobodyBack) {
  PlanBuilder plan{{},
                   {JobBuilder("four").expected(1s).takes("licence", 4),
                    JobBuilder("one").array(6).expected(1s).takes("licence", 1)}};
  plan.consumables = {{"licence", 3, true}};
  Timeline line(plan);
  line.join("n1", {64, 0});
  line.run();
  EXPECT_EQ(line.core.counts(line.job("one"))[model::ChildState::Succeeded], 6U);
  EXPECT_EQ(line.core.stuck().size(), 1U);
}

// A child that ran out of memory fits nowhere any more; its siblings do.
TEST(Progress, ATimeLimitOnWhatCannotFitLeavesItsSiblings) {
  PlanBuilder plan{
      {{"default", 1}},
      {JobBuilder("a").array(3).memory(400).attempts(3).memory_times(4).expected(5000s)}};
  plan.queues[0].time_limits = {{"MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 600s}};
  SchedulerDriver driver(plan);
  driver.join("n1", {1, 900});
  driver.decide();
  driver.started(driver.grant(1), {{0, 1}});
  model::AttemptEnd end = testing::end_of(model::EndKind::OutOfMemory, 137);
  end.usage.wall = 5000s;
  driver.ended(driver.grant(1), {{0, 1}}, end);
  driver.decide();
  driver.now = at(600s);
  driver.decide();
  EXPECT_EQ(driver.state("a", 0), "cancelled");
  EXPECT_EQ(driver.state("a", 1), "granted");
  EXPECT_EQ(driver.state("a", 2), "runnable");
}

// The idle node is of an environment that gives out no more.
TEST(Progress, NothingIsAskedBackThatCouldNotStartElsewhere) {
  PlanBuilder plan{{{"default", 1, {0, 1}}}, {JobBuilder("a").array(20)}};
  plan.environments = {{"e1", true, 0, 0, {"n1"}, {}}, {"e2", true, 0, 1, {"n2"}, {}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {2, 0});
  driver.decide();
  model::AttemptEnd end;
  end.usage.wall = 1ms;
  for (model::ChildIndex left = 20; left > 7; --left) {
    const GrantView grant = driver.core.grants().front();
    const model::ChildIndex child = grant.children[0].begin;
    driver.ended(grant.id, {{child, child + 1}}, end);
    driver.decide();
  }
  driver.join("n2", {4, 0});
  for (int round = 0; round < 5; ++round) {
    driver.decide();
    std::uint64_t recalled = 0;
    for (const GrantView& grant : driver.core.grants()) {
      const model::Ranges back = driver.core.to_recall(grant.id);
      recalled += model::count(back);
      if (!back.empty()) driver.returned(grant.id, back);
    }
    EXPECT_LE(recalled, round == 0 ? 1U : 0U);
  }
}

TEST(Progress, ARetryDoesNotTakeBackWhatAReleaseForgave) {
  PlanBuilder plan{{}, {JobBuilder("a").array(8).max_failures(1), JobBuilder("b")}};
  plan.max_failures = 1;
  SchedulerDriver driver(plan);
  driver.join("n1", {4, 0});
  driver.decide();
  driver.started(driver.grant(1), {{0, 4}});
  driver.ended(driver.grant(1), {{0, 4}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_TRUE(driver.grants().empty());
  EXPECT_TRUE(driver.core.held_by_failures());
  driver.happen(HoldJob{"r1", {}, {}, false});
  EXPECT_FALSE(driver.core.held_by_failures());
  driver.happen(RetryJob{"r2", driver.job("a"), {{2, 3}}, false, false});
  EXPECT_FALSE(driver.core.held_by_failures());
  driver.decide();
  EXPECT_EQ(driver.state("a", 2), "granted");
}

// An exclusive gang needs more of an environment than its members ask for.
TEST(Progress, AnExclusiveGangGetsItsShareOfAnEnvironment) {
  PlanBuilder plan{{{"default", 1, {0}}}, {}};
  plan.environments = {{"e", true, 0, 16, {}, {}}};
  for (int i = 0; i < 16; ++i)
    plan.jobs.push_back(JobBuilder("first" + std::to_string(i)).expected(1s * (i + 1)));
  JobBuilder gang("gang");
  gang.gang(1, {1, 0, 0}).expected(5s);
  gang.spec.gang->exclusive = true;
  plan.jobs.push_back(gang);
  plan.jobs.push_back(JobBuilder("stream").array(100).expected(16s));
  Timeline line(plan);
  for (const char* name : {"n1", "n2", "n3"}) line.join(name, {8, 0});
  line.run();
  EXPECT_TRUE(line.core.finished());
  EXPECT_LE(line.start("gang"), at(16s));
}

// A reservation is kept for a while; what it holds back then is looked at again.
TEST(Progress, WhatAnOldReservationHeldBackIsFoundSoonEnough) {
  PlanBuilder plan{
      {},
      {JobBuilder("a").vcpus(3).expected(100s).on("x"),
       JobBuilder("b").vcpus(2).expected(1000s).on("y"),
       JobBuilder("c").vcpus(2).expected(60s).on("y"), JobBuilder("head").vcpus(4).expected(10s),
       JobBuilder("narrow").expected(5000s).on("x")}};
  Timeline line(plan);
  line.join("n1", {4, 0}, 1, {"x"});
  line.join("n2", {4, 0}, 1, {"y"});
  line.takes = [&](model::JobId job, model::ChildIndex) -> Duration {
    const auto is = [&](const char* name) { return job == line.job(name); };
    return is("b") ? Duration(50ms) : line.adopted.jobs.at(job).spec.expected;
  };
  line.run();
  EXPECT_TRUE(line.core.finished());
  EXPECT_EQ(line.start("head"), at(60s));
  EXPECT_LE(line.start("narrow"), Instant{50ms + kMemoryAge});
}

}  // namespace
}  // namespace mpibatch::scheduler
