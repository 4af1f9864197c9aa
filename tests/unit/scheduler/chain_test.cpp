#include <gtest/gtest.h>

#include "support/scheduler_check.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::GrantedAfter;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;

// One node; attempts of 10 ms, so that 25 of them start within the backlog's window.
struct ChainDriver : SchedulerDriver {
  explicit ChainDriver(PlanBuilder plan, std::uint32_t vcpus = 1)
      : SchedulerDriver(std::move(plan)) {
    core.set_grants_after(true);
    join("n1", {vcpus, 1000, 2});
    (void)decide();
  }
  void end(std::uint32_t grant_number, model::Ranges children, Duration wall = 10ms) {
    model::AttemptEnd good;
    good.usage.wall = wall;
    (void)ended(grant(grant_number), children, good);
  }
  void fail(std::uint32_t grant_number, model::ChildIndex child) {
    (void)ended(grant(grant_number), {{child, child + 1}},
                testing::end_of(model::EndKind::Exited, 1));
  }
  // Of a row: the first of it is over, the second one is grant 10.
  void warm_up() {
    for (std::uint32_t number = 1; number <= 9; ++number) end(number, {{0, 1}});
  }
  std::vector<GrantedAfter> links() {
    std::vector<GrantedAfter> made;
    for (const model::Fact& fact : decide())
      if (const auto* later = std::get_if<GrantedAfter>(&fact)) made.push_back(*later);
    EXPECT_EQ(testing::inconsistency(core), "");
    return made;
  }
};

// Behind jobs of the same kind that show how long one takes: what is known of few counts for few.
constexpr std::uint32_t kWarmUp = 8;

PlanBuilder row(std::size_t jobs) {
  PlanBuilder plan;
  for (std::uint32_t i = 0; i < kWarmUp; ++i) plan.jobs.emplace_back("w" + std::to_string(i));
  for (std::size_t i = 0; i < jobs; ++i) {
    plan.jobs.emplace_back("j" + std::to_string(i));
    if (i > 0) plan.jobs.back().after("j" + std::to_string(i - 1));
  }
  return plan;
}

TEST(Chain, GoesAheadAsFarAsItStartsSoon) {
  ChainDriver driver({{}, {JobBuilder("a").array(100).sequential()}});
  EXPECT_TRUE(driver.links().empty());  // nobody knows how long one takes
  driver.end(1, {{0, 1}});
  const auto links = driver.links();
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].granted.children, (model::Ranges{{2, 27}}));
  EXPECT_EQ(links[0].after, (model::ExecutionId{driver.job("a"), 1, driver.grant(2)}));
  EXPECT_EQ(driver.state("a", 2), "promised");
  EXPECT_EQ(driver.core.node(model::NodeId{0})->granted, (model::Resources{1, 0}));
}

TEST(Chain, GoesOnOnceHalfOfItIsLeft) {
  ChainDriver driver({{}, {JobBuilder("a").array(100).sequential()}});
  driver.end(1, {{0, 1}});
  ASSERT_EQ(driver.links().size(), 1U);
  driver.end(2, {{1, 2}});
  EXPECT_TRUE(driver.links().empty());
  driver.end(3, {{2, 15}});
  const auto links = driver.links();
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].granted.children.front().begin, 27U);
  EXPECT_EQ(links[0].after.child, 26U);
}

TEST(Chain, ATurnComesWithTheEndBeforeIt) {
  ChainDriver driver({{}, {JobBuilder("a").array(100).sequential()}});
  driver.end(1, {{0, 1}});
  ASSERT_EQ(driver.links().size(), 1U);
  (void)driver.started(driver.grant(3), {{2, 3}});
  EXPECT_EQ(driver.state("a", 2), "promised");  // to all who can know
  driver.end(2, {{1, 2}});
  EXPECT_EQ(driver.state("a", 2), "running");
  driver.end(3, {{2, 4}});
  EXPECT_EQ(driver.state("a", 4), "granted");
  EXPECT_EQ(driver.core.node(model::NodeId{0})->granted, (model::Resources{1, 0}));
  EXPECT_EQ(testing::inconsistency(driver.core), "");
}

TEST(Chain, IsOfJobsOfOneKind) {
  ChainDriver driver(row(10), 9);
  driver.warm_up();
  const auto links = driver.links();
  ASSERT_EQ(links.size(), 8U);
  EXPECT_EQ(links[7].after.grant, links[6].granted.grant);
  EXPECT_EQ(driver.state("j9"), "promised");
}

TEST(Chain, EndsWhereAFailureEndsIt) {
  ChainDriver driver(row(6), 9);
  driver.warm_up();
  ASSERT_EQ(driver.links().size(), 4U);
  driver.fail(10, 0);
  EXPECT_EQ(driver.state("j2"), "dependency failed");
  EXPECT_EQ(driver.state("j5"), "dependency failed");
  EXPECT_TRUE(driver.core.grants().empty());
  const ChildrenReturned late{model::NodeId{0}, model::InstanceId{1}, driver.grant(11), {{0, 1}}};
  EXPECT_TRUE(driver.happen(late).empty());
  EXPECT_EQ(testing::inconsistency(driver.core), "");
}

TEST(Chain, WaitsAgainForARetry) {
  PlanBuilder plan{{}, {JobBuilder("a").array(9).sequential().attempts(2)}};
  ChainDriver driver(std::move(plan));
  driver.end(1, {{0, 1}});
  ASSERT_EQ(driver.links().size(), 1U);
  driver.fail(2, 1);
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.state("a", 2), "waiting");
  const auto links = driver.links();
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].granted.children, (model::Ranges{{2, 9}}));
}

TEST(Chain, ComesBackWithWhatItIsBehind) {
  ChainDriver driver(row(4), 9);
  driver.warm_up();
  ASSERT_EQ(driver.links().size(), 2U);
  (void)driver.returned(driver.grant(10), {{0, 1}});
  EXPECT_EQ(driver.state("j1"), "runnable");
  EXPECT_EQ(driver.state("j2"), "waiting");
  EXPECT_TRUE(driver.core.grants().empty());
}

TEST(Chain, APartThatComesBackTakesAlongWhatIsBehind) {
  ChainDriver driver({{}, {JobBuilder("a").array(20).sequential()}});
  driver.end(1, {{0, 1}});
  ASSERT_EQ(driver.links().size(), 1U);
  (void)driver.returned(driver.grant(3), {{10, 11}});
  EXPECT_EQ(driver.state("a", 9), "promised");
  EXPECT_EQ(driver.state("a", 10), "waiting");
  EXPECT_EQ(driver.state("a", 19), "waiting");
  EXPECT_TRUE(driver.links().empty());  // not at once: that would go back and forth
}

TEST(Chain, IsLostWithItsNode) {
  ChainDriver driver(row(4), 9);
  driver.warm_up();
  ASSERT_EQ(driver.links().size(), 2U);
  (void)driver.started(driver.grant(10), {{0, 1}});
  (void)driver.happen(InstanceGone{model::NodeId{0}, model::InstanceId{1}, "lost"});
  EXPECT_EQ(driver.state("j1"), "runnable");
  EXPECT_EQ(driver.state("j3"), "waiting");
  EXPECT_TRUE(driver.core.grants().empty());
  EXPECT_EQ(testing::inconsistency(driver.core), "");
}

TEST(Chain, CancelCallsItBackFirst) {
  ChainDriver driver(row(5), 9);
  driver.warm_up();
  ASSERT_EQ(driver.links().size(), 3U);
  (void)driver.happen(CancelJob{"r1", driver.job("j2"), {{0, 1}}, "no"});
  EXPECT_EQ(driver.state("j2"), "promised");
  EXPECT_EQ(driver.core.to_recall(driver.grant(11)), (model::Ranges{{0, 1}}));
  driver.end(10, {{0, 1}});  // its turn comes, yet it has not started
  (void)driver.returned(driver.grant(11), {{0, 1}});
  EXPECT_EQ(driver.state("j2"), "cancelled");
  EXPECT_EQ(driver.state("j4"), "dependency failed");
}

// The chain that there is has one link, and this job is not the next one.
void expect_not_in_the_chain(PlanBuilder plan, const char* name) {
  ChainDriver driver(std::move(plan), 9);
  driver.warm_up();
  EXPECT_EQ(driver.links().size(), 1U);
  EXPECT_EQ(driver.state(name), "waiting");
}

TEST(Chain, NeedsNoMoreThanWhatItIsBehind) {
  PlanBuilder plan = row(3);
  plan.jobs.push_back(JobBuilder("wider").after("j2").vcpus(2));
  expect_not_in_the_chain(std::move(plan), "wider");
}

TEST(Chain, WaitsForOneThingAlone) {
  PlanBuilder plan = row(3);
  plan.jobs.push_back(JobBuilder("long").vcpus(1));
  plan.jobs.push_back(JobBuilder("both").after("j2").after("long"));
  expect_not_in_the_chain(std::move(plan), "both");
}

TEST(Chain, LeadsNowhereWhereOthersWaitForTheSameEnd) {
  PlanBuilder plan = row(4);
  plan.jobs.push_back(JobBuilder("aside").after("j2"));
  ChainDriver driver(std::move(plan), 9);
  driver.warm_up();
  EXPECT_EQ(driver.links().size(), 1U);
  EXPECT_EQ(driver.state("j2"), "promised");
  EXPECT_EQ(driver.state("j3"), "waiting");
}

TEST(Chain, LeadsNowhereWhereOthersWaitForSingleChildren) {
  ChainDriver driver(
      {{}, {JobBuilder("a").array(9).sequential(), JobBuilder("pair").array(9).n_to_n("a")}});
  driver.end(1, {{0, 1}});
  EXPECT_TRUE(driver.links().empty());
}

TEST(Chain, LeavesRoomForThoseWhoWait) {
  PlanBuilder plan = row(4);
  plan.jobs.push_back(JobBuilder("big").vcpus(9));
  ChainDriver driver(std::move(plan), 9);
  driver.warm_up();  // `big` waits for all CPUs
  EXPECT_TRUE(driver.links().empty());
}

TEST(Chain, IsNotMadeWhereStartersDoNotKnowOfIt) {
  ChainDriver driver(row(4), 9);
  driver.core.set_grants_after(false);
  driver.warm_up();
  EXPECT_TRUE(driver.links().empty());
}

TEST(Chain, FollowsNothingThatTakesLong) {
  ChainDriver driver(row(4), 9);
  for (std::uint32_t number = 1; number <= 8; ++number) driver.end(number, {{0, 1}});
  driver.end(9, {{0, 1}}, 10s);
  EXPECT_TRUE(driver.links().empty());
}

TEST(Chain, ASnapshotBeforeItsTimeIsRead) {
  ChainDriver driver(row(4), 9);
  std::string bytes = driver.core.save();
  bytes[0] = '\2';
  bytes.resize(bytes.size() - 4);  // a list of nothing
  EXPECT_TRUE(Scheduler::load(bytes));
}

}  // namespace
}  // namespace mpibatch::scheduler
