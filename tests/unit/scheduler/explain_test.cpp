// What explain(), held(), stuck() and unsatisfiable() say.
#include <gtest/gtest.h>

#include <algorithm>

#include <mpibatch/scheduler/scheduler.hpp>

#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using testing::JobBuilder;
using testing::SchedulerDriver;
using Lines = std::vector<std::string>;

Lines explain(const SchedulerDriver& driver, const std::string& job,
              std::optional<model::ChildIndex> child = {}) {
  return driver.core.explain(driver.job(job), child, driver.now);
}

bool says(const Lines& lines, const std::string& words) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  });
}

#define EXPECT_SAYS(lines, words) EXPECT_TRUE(says(lines, words)) << ::testing::PrintToString(lines)

TEST(Explain, NamesWhatIsShortAndWhoIsAhead) {
  SchedulerDriver driver(
      {{{"gpu", 1}},
       {JobBuilder("runs").gpus(2), JobBuilder("sim-7").gpus(4), JobBuilder("sim-8").gpus(4),
        JobBuilder("sim-9").gpus(4), JobBuilder("mine").gpus(4)}});
  driver.join("a", {8, 8000, 4});
  driver.decide();
  ASSERT_EQ(driver.state("runs"), "granted");
  EXPECT_EQ(explain(driver, "mine"),
            Lines{"needs 4 GPUs on one node; the largest free has 2 (short by 2); 3 jobs are ahead "
                  "in queue gpu (first: sim-7)"});
}

TEST(Explain, NamesWhatNoNodeHas) {
  SchedulerDriver driver({{}, {JobBuilder("big").vcpus(9), JobBuilder("both").vcpus(8).memory(2)}});
  driver.join("a", {8, 1, 0});
  driver.join("b", {2, 100, 0});
  driver.decide();
  const Lines big = explain(driver, "big");
  EXPECT_EQ(big.at(0), "needs 9 vCPUs on one node; the largest of 2 has 8 (short by 1)");
  EXPECT_SAYS(big, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT");
  EXPECT_SAYS(explain(driver, "both"), "needs 8 vCPUs and 2 MiB together; no node has both");
  EXPECT_EQ(driver.core.unsatisfiable(),
            (Lines{"job 'big' needs 9 vCPUs on one node; the largest of 2 has 8",
                   "job 'both' needs 8 vCPUs and 2 MiB together; no node has both"}));
  EXPECT_EQ(driver.core.stuck(), driver.core.unsatisfiable());
}

TEST(Explain, NamesTheFeatureThatNoNodeHas) {
  SchedulerDriver driver({{}, {JobBuilder("a").on("gpu:a100"), JobBuilder("b").on("x").on("y")}});
  driver.join("n1", {8, 8000, 0}, 1, {"x"});
  driver.join("n2", {8, 8000, 0}, 2, {"y"});
  EXPECT_SAYS(explain(driver, "a"), "needs a node with 'gpu:a100'; none has that");
  EXPECT_SAYS(explain(driver, "b"), "needs a node with 'x' and 'y'; none has that");
}

TEST(Explain, NamesEnvironmentsThatAreDisabledOrFull) {
  model::ComputeEnvironment off;
  off.name = "off";
  off.enabled = false;
  model::ComputeEnvironment small;
  small.name = "small";
  small.max_vcpus = 4;
  model::ComputeEnvironment elsewhere;
  elsewhere.name = "elsewhere";
  elsewhere.hosts = {"gpu[1-4]"};
  SchedulerDriver driver({{{"dead", 1, {0}}, {"little", 1, {1}}, {"far", 1, {2}}},
                          {JobBuilder("a").queue("dead"), JobBuilder("b").queue("little").vcpus(5),
                           JobBuilder("c").queue("little").vcpus(3),
                           JobBuilder("d").queue("little").vcpus(2), JobBuilder("e").queue("far")},
                          {off, small, elsewhere}});
  driver.join("n1", {8, 8000, 0});
  driver.decide();
  EXPECT_SAYS(explain(driver, "a"), "the compute environments of queue 'dead' are DISABLED");
  EXPECT_SAYS(explain(driver, "b"),
              "needs 5 vCPUs; compute environment 'small' gives out 4 at the most");
  EXPECT_SAYS(explain(driver, "b"), "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE");
  EXPECT_SAYS(explain(driver, "d"),
              "needs 2 vCPUs; compute environment 'small' has 1 of its 4 "
              "left (maxvCpus; short by 1)");
  EXPECT_SAYS(explain(driver, "e"), "none is in compute environment 'elsewhere'");
}

TEST(Explain, NamesWhatIsWaitedFor) {
  SchedulerDriver driver(
      {{},
       {JobBuilder("one"), JobBuilder("many").array(10),
        JobBuilder("after").after("one").after("many"), JobBuilder("pair").array(10).n_to_n("many"),
        JobBuilder("chain").array(3).sequential(), JobBuilder("child").after_child("many", 7),
        JobBuilder("any").after_any("one")}});
  EXPECT_EQ(explain(driver, "after"),
            (Lines{"waits for one (RUNNABLE)",
                   "waits for many: 10 of 10 children are left: many:0 (RUNNABLE), many:1 "
                   "(RUNNABLE), many:2 (RUNNABLE), …"}));
  EXPECT_EQ(explain(driver, "pair", 4), Lines{"waits for many:4 (RUNNABLE) (N_TO_N)"});
  EXPECT_EQ(explain(driver, "chain", 2), Lines{"waits for chain:1 (PENDING) (SEQUENTIAL)"});
  EXPECT_EQ(explain(driver, "child"), Lines{"waits for many:7 (RUNNABLE)"});
  EXPECT_EQ(explain(driver, "any"), Lines{"waits for one (RUNNABLE) (AFTER_ANY)"});
}

TEST(Explain, NamesAMatchGroup) {
  model::MatchGroups groups;
  groups.groups = 2;
  groups.awaited = {0, 1, 0, 1};
  groups.waiting = {0, 1};
  SchedulerDriver driver(
      {{}, {JobBuilder("lane").array(4), JobBuilder("merge").array(2).match("lane", groups)}});
  EXPECT_EQ(explain(driver, "merge", 1),
            Lines{"waits for lane (MATCH): 2 of 2 children are left: lane:1 (RUNNABLE), lane:3 "
                  "(RUNNABLE)"});
}

TEST(Explain, NamesTheDependencyThatFailed) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(3), JobBuilder("b").after("a")}});
  driver.join("n", {8, 8000, 0});
  const auto granted = driver.grants();
  ASSERT_EQ(granted.size(), 1U);
  driver.ended(granted[0].grant, {{0, 1}, {2, 3}});
  driver.ended(granted[0].grant, {{1, 2}}, testing::end_of(model::EndKind::Exited, 3));
  const Lines lines = explain(driver, "b");
  EXPECT_EQ(lines.at(0), "FAILED: Dependent Job failed");
  EXPECT_SAYS(lines, "it depends on a:1: FAILED: Essential container in task exited");
  EXPECT_SAYS(explain(driver, "a"), "2 SUCCEEDED, 1 FAILED");
  EXPECT_SAYS(explain(driver, "a", 1), "`mpibatch retry a:1` runs it again");
}

TEST(Explain, NamesHoldsAndHowToLetGo) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(4), JobBuilder("b")}});
  driver.join("n", {8, 8000, 0});
  driver.happen(HoldJob{"r1", driver.job("a"), {{1, 3}}, true});
  EXPECT_EQ(explain(driver, "a", 1), Lines{"held by a user; `mpibatch release a:1` lets it go on"});
  EXPECT_EQ(driver.core.held(),
            Lines{"job 'a': 2 children are held by a user (`mpibatch release a` lets them go on)"});
  driver.happen(HoldJob{"r2", driver.job("b"), {{0, 1}}, true});
  EXPECT_EQ(explain(driver, "b"), Lines{"held by a user; `mpibatch release b` lets it go on"});
  EXPECT_SAYS(driver.core.held(), "job 'b' is held by a user");
  for (const model::Granted& grant : driver.grants()) driver.ended(grant.grant, grant.children);
  EXPECT_TRUE(driver.core.stuck().empty()) << "a user's hold is no want of anything";
}

TEST(Explain, NamesFailuresThatHold) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(10).max_failures(0)}});
  driver.join("n", {1, 8000, 0});
  const auto granted = driver.grants();
  ASSERT_FALSE(granted.empty());
  driver.ended(granted[0].grant, granted[0].children, testing::end_of(model::EndKind::Exited, 3));
  EXPECT_SAYS(explain(driver, "a", 9), "its job is held: 1 child failed, its maxFailures is 0");
  ASSERT_EQ(driver.core.held().size(), 1U);
  EXPECT_SAYS(driver.core.held(), "`mpibatch release a`");
  EXPECT_TRUE(driver.core.stuck().empty());
  EXPECT_TRUE(driver.core.all_held());
}

TEST(Explain, NamesThePlansMaxFailures) {
  testing::PlanBuilder plan{{}, {JobBuilder("a"), JobBuilder("b").after_any("a")}};
  plan.max_failures = 0;
  SchedulerDriver driver(plan);
  driver.join("n", {1, 8000, 0});
  const auto granted = driver.grants();
  ASSERT_FALSE(granted.empty());
  driver.ended(granted[0].grant, granted[0].children, testing::end_of(model::EndKind::Exited, 3));
  EXPECT_SAYS(explain(driver, "b"),
              "all that waits is held: 1 task failed, the plan's maxFailures");
  EXPECT_SAYS(driver.core.held(), "`mpibatch release --all`");
}

TEST(Explain, NamesTimesAndBounds) {
  model::Consumable licence{"licence", 3, true};
  testing::PlanBuilder plan{
      {},
      {JobBuilder("later").not_before(90s), JobBuilder("few").array(5).max_concurrent(2),
       JobBuilder("has").array(2).takes("licence"), JobBuilder("wants").takes("licence", 2)}};
  plan.consumables = {licence};
  SchedulerDriver driver(plan);
  driver.join("n", {64, 8000, 0});
  driver.decide();
  driver.now += 30s;
  EXPECT_EQ(explain(driver, "later"), Lines{"may start in 60 s (notBeforeSeconds)"});
  EXPECT_EQ(explain(driver, "few", 4),
            Lines{"2 children of its job are out, its maxConcurrent is 2"});
  EXPECT_EQ(explain(driver, "wants"),
            Lines{"needs 2 of 'licence'; 1 of 3 free (short by 1); has has 2"});
  EXPECT_TRUE(driver.core.stuck().empty());
}

TEST(Explain, TellsWhereAChildIs) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(2)}});
  const model::NodeId node = driver.join("n", {2, 8000, 0});
  const auto granted = driver.grants();
  ASSERT_EQ(granted.size(), 1U);
  EXPECT_EQ(explain(driver, "a", 1), Lines{"granted to node n, behind 1 other in its backlog"});
  driver.started(granted[0].grant, {{0, 1}});
  driver.now += 5s;
  EXPECT_EQ(explain(driver, "a", 0), Lines{"runs on node n for 5 s"});
  EXPECT_EQ(explain(driver, "a", 1), Lines{"granted to node n, next to start there"});
  driver.apply(model::LeaseAwaited{node, {1}, driver.now + 17s});
  EXPECT_SAYS(explain(driver, "a", 0), "waiting 17 s for node n's lease");
  EXPECT_TRUE(driver.core.stuck().empty());
}

TEST(Explain, TellsHowItEnded) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("b")}});
  driver.join("n", {1, 8000, 0});
  const auto granted = driver.grants();
  ASSERT_FALSE(granted.empty());
  driver.ended(granted[0].grant, granted[0].children);
  EXPECT_EQ(explain(driver, "a"), Lines{"SUCCEEDED"});
  driver.happen(CancelJob{"r", driver.job("b"), {{0, 1}}, "not needed", false});
  EXPECT_EQ(explain(driver, "b"), Lines{"FAILED (cancelled): not needed"});
}

TEST(Explain, NamesTheWalltime) {
  SchedulerDriver driver({{}, {JobBuilder("a").expected(100s)}});
  driver.join("n", {1, 8000, 0});
  driver.core.set_allocation(driver.now, driver.now + 120s);
  driver.now += 50s;
  EXPECT_TRUE(driver.grants().empty());
  EXPECT_SAYS(explain(driver, "a"),
              "is expected to take 100 s; the allocation ends in 70 s (short by 30 s)");
  EXPECT_EQ(driver.core.stuck(),
            Lines{"job 'a' is expected to take 100 s; the allocation ends in 70 s"});
}

TEST(Explain, NamesTheSeatsThatAGangLacks) {
  SchedulerDriver driver(
      {{}, {JobBuilder("a").gang(3, {4, 0, 0}), JobBuilder("b").gang(2, {9, 0, 0})}});
  driver.join("n1", {8, 8000, 0}, 1);
  driver.join("n2", {8, 8000, 0}, 2);
  EXPECT_SAYS(explain(driver, "a"), "needs 3 nodes on different hosts; there are 2 (short by 1)");
  EXPECT_SAYS(explain(driver, "b"),
              "needs 2 nodes with 9 vCPUs each; there is room for 0 (short by 2)");
  EXPECT_EQ(driver.core.unsatisfiable().size(), 2U);
}

TEST(Explain, ManyLinesAreCounted) {
  testing::PlanBuilder plan;
  for (int i = 0; i < 30; ++i) plan.jobs.push_back(JobBuilder("j" + std::to_string(i)).vcpus(9));
  SchedulerDriver driver(plan);
  driver.join("n", {1, 8000, 0});
  const Lines lines = driver.core.unsatisfiable();
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_EQ(lines.back(), "… and 10 more jobs");
}

TEST(Explain, UnknownJobsAndChildrenAreSaidToBe) {
  SchedulerDriver driver({{}, {JobBuilder("a")}});
  EXPECT_EQ(driver.core.explain(model::JobId{77}, {}, driver.now).size(), 1U);
  EXPECT_EQ(driver.core.explain(driver.job("a"), 5, driver.now), Lines{"a has no such child"});
}

}  // namespace
}  // namespace mpibatch::scheduler
