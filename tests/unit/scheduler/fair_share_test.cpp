#include "scheduler/fair_share.hpp"

#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;
using testing::Timeline;

PlanBuilder fair(std::vector<JobBuilder> jobs, model::FairSharePolicy policy) {
  PlanBuilder plan{{{"default", 1, {}, 0}}, std::move(jobs)};
  plan.policies = {std::move(policy)};
  return plan;
}

std::uint64_t granted(const SchedulerDriver& driver, const std::string& job) {
  return driver.core.counts(driver.job(job))[model::ChildState::Granted];
}

// "The share with the lowest vcpu_used_over_time × weightFactor goes next."
TEST(FairShare, AlternatesBetweenEqualShares) {
  SchedulerDriver driver(
      fair({JobBuilder("a").array(100).share("A"), JobBuilder("b").array(100).share("B")}, {}));
  driver.join("n1", {11, 0});
  driver.decide();
  EXPECT_EQ(granted(driver, "a"), 6U);
  EXPECT_EQ(granted(driver, "b"), 5U);
}

TEST(FairShare, NeedsFewGrants) {
  SchedulerDriver driver(
      fair({JobBuilder("a").array(100).share("A"), JobBuilder("b").array(100).share("B")}, {}));
  driver.join("n1", {64, 0});
  driver.join("n2", {64, 0});
  EXPECT_LE(driver.decide().size(), 4U);
  EXPECT_EQ(driver.core.node(model::NodeId{0})->granted.vcpus, 64U);
}

// "Default weight 1, range 0.0001–999.9999; 0.125 gets 8× the resources."
TEST(FairShare, GivesASmallWeightMore) {
  SchedulerDriver driver(
      fair({JobBuilder("a").array(100).share("A"), JobBuilder("b").array(100).share("B")},
           {"p", 0s, 0, {{"A", 0.125}}}));
  driver.join("n1", {90, 0});
  driver.decide();
  EXPECT_EQ(granted(driver, "a"), 80U);
  EXPECT_EQ(granted(driver, "b"), 10U);
}

TEST(FairShare, CountsVcpusNotChildren) {
  SchedulerDriver driver(fair(
      {JobBuilder("a").array(100).vcpus(3).share("A"), JobBuilder("b").array(100).share("B")}, {}));
  driver.join("n1", {24, 0});
  driver.decide();
  EXPECT_EQ(granted(driver, "a"), 4U);
  EXPECT_EQ(granted(driver, "b"), 12U);
}

TEST(FairShare, RemembersWhatWasUsed) {
  // A had the node alone for a while; then B comes and goes first until it has caught up.
  Timeline line(fair({JobBuilder("a").array(400).expected(10s).share("A"),
                      JobBuilder("b").array(8).expected(10s).share("B").not_before(200s)},
                     {"p", 600s, 0, {}}));
  line.join("n1", {4, 0});
  line.run();
  std::uint64_t b_first = 0;
  for (model::ChildIndex child = 0; child < 8; ++child)
    b_first += line.start("b", child) <= Instant{220s} ? 1 : 0;
  EXPECT_EQ(b_first, 8U);  // eight slots were given out at 200 s and 210 s: all to B
}

TEST(FairShare, ForgetsWithTime) {
  // Long after A's use, both are equal again.
  Timeline line(fair({JobBuilder("a").array(40).expected(10s).share("A"),
                      JobBuilder("later").array(40).expected(10s).share("A").not_before(100000s),
                      JobBuilder("b").array(40).expected(10s).share("B").not_before(100000s)},
                     {"p", 60s, 0, {}}));
  line.join("n1", {4, 0});
  line.run();
  std::uint64_t b_first = 0;
  for (model::ChildIndex child = 0; child < 40; ++child)
    b_first += line.start("b", child) == Instant{100000s} ? 1 : 0;
  EXPECT_EQ(b_first, 2U);
}

// "(computeReservation/100)^ActiveFairShares × maxvCpus" is kept for shares that have no work yet.
TEST(FairShare, ReservesForSharesWithoutWork) {
  const auto run = [](std::vector<JobBuilder> jobs) {
    SchedulerDriver driver(fair(std::move(jobs), {"p", 0s, 50, {}}));
    driver.join("n1", {64, 0});
    driver.decide();
    return driver.core.node(model::NodeId{0})->granted.vcpus;
  };
  EXPECT_EQ(run({JobBuilder("a").array(100).share("A")}), 32U);
  EXPECT_EQ(run({JobBuilder("a").array(100).share("A"), JobBuilder("b").array(100).share("B")}),
            48U);
}

// maxvCpus is the environments', where they have one.
TEST(FairShare, ReservesOfWhatTheEnvironmentsMayGiveOut) {
  PlanBuilder plan = fair({JobBuilder("a").array(100).share("A")}, {"p", 0s, 50, {}});
  plan.environments = {{"small", true, 0, 4, {}, {}}, {"off", false, 0, 0, {}, {}}};
  plan.queues[0].environments = {1, 0};
  SchedulerDriver driver(std::move(plan));
  driver.join("n1", {64, 0});
  driver.decide();
  EXPECT_EQ(granted(driver, "a"), 2U);
  const auto why = driver.core.explain(driver.job("a"), 9, driver.now);
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why[0],
            "needs 1 vCPU; queue 'default' has 0 left (short by 1): it keeps 2 of 4 for shares "
            "that have no work yet (computeReservation)");
}

TEST(FairShare, StillRunsWhatIsWiderThanTheReservationLeaves) {
  SchedulerDriver driver(fair({JobBuilder("a").array(3).vcpus(8).share("A")}, {"p", 0s, 90, {}}));
  driver.join("n1", {8, 0});
  EXPECT_EQ(driver.decide().size(), 1U);
}

// "schedulingPriority orders within a share only."
TEST(FairShare, GoesByPriorityWithinAShareOnly) {
  SchedulerDriver driver(fair(
      {JobBuilder("a").array(9).share("A"), JobBuilder("urgent").array(9).share("A").priority(9),
       JobBuilder("b").array(9).share("B")},
      {}));
  driver.join("n1", {8, 0});
  driver.decide();
  EXPECT_EQ(granted(driver, "a"), 0U);
  EXPECT_EQ(granted(driver, "urgent"), 4U);
  EXPECT_EQ(granted(driver, "b"), 4U);
}

TEST(FairShare, TurnsEndWhereTheNextIsDue) {
  const ShareStanding first{0, 2, 1, 600, 0};
  const ShareStanding second{0, 5, 1, 600, 1};
  EXPECT_EQ(turn_of(first, second, 1), 4U);  // ties go to the first
  EXPECT_EQ(turn_of({0, 2, 1, 600, 2}, second, 1), 3U);
  EXPECT_EQ(turn_of(first, second, 8), 1U);
  EXPECT_EQ(turn_of(first, first, 1), 1U);
}

}  // namespace
}  // namespace mpibatch::scheduler
