// What is stale or illegal makes no fact.
#include "scheduler/state.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

// One array of 8 on one node of 4: grant 1.1 holds 0 to 3.
struct Running : SchedulerDriver {
  Running() : SchedulerDriver({{}, {JobBuilder("a").array(8).attempts(2)}}) {
    node = join("n1", {4, 0});
    decide();
  }
  std::size_t end_of(model::ExecutionId execution, InstanceId instance) {
    AttemptsEnded event{node, instance, {{execution, {}}}};
    return core.on(event, {}).size();
  }
  NodeId node{};
};

TEST(NodeHello, IsNewsOnce) {
  SchedulerDriver driver({{}, {JobBuilder("a")}});
  const NodeHello hello{{"n1", 0}, {1}, "b", {4, 0}};
  EXPECT_EQ(driver.happen(hello).size(), 1U);
  EXPECT_TRUE(driver.happen(hello).empty());
  NodeHello bigger = hello;
  bigger.capacity.vcpus = 5;
  EXPECT_EQ(driver.happen(bigger).size(), 1U);
  EXPECT_EQ(driver.core.nodes().size(), 1U);
}

TEST(NodeHello, VoidsADeadline) {
  Running driver;
  driver.apply(model::LeaseAwaited{driver.node, {1}, instant_from_us(5)});
  EXPECT_TRUE(driver.core.lease_awaited(driver.node, {1}));
  EXPECT_EQ(driver.happen(NodeHello{{"n1", 0}, {1}, "b", {4, 0}}).size(), 1U);
  EXPECT_FALSE(driver.core.lease_awaited(driver.node, {1}));
}

TEST(ChildrenStarted, CountsForWhoHoldsThem) {
  Running driver;
  const GrantId grant = driver.grant(1);
  EXPECT_TRUE(driver.core.on(ChildrenStarted{driver.node, {2}, grant, {{0, 1}}}, {}).empty());
  EXPECT_TRUE(driver.core.on(ChildrenStarted{NodeId{7}, {1}, grant, {{0, 1}}}, {}).empty());
  EXPECT_TRUE(
      driver.core.on(ChildrenStarted{driver.node, {1}, driver.grant(2), {{0, 1}}}, {}).empty());
  EXPECT_TRUE(driver.core.on(ChildrenStarted{driver.node, {1}, grant, {{4, 9}}}, {}).empty());
  EXPECT_TRUE(
      driver.core.on(ChildrenStarted{driver.node, {1}, grant, {{3, 2}, {0, 1}}}, {}).empty());
  EXPECT_EQ(driver.started(grant, {{0, 2}}).size(), 1U);
  EXPECT_TRUE(driver.started(grant, {{0, 2}}).empty());
  EXPECT_EQ(driver.state("a", 1), "running");
}

TEST(ChildrenStarted, TakesTheLegalPart) {
  Running driver;
  driver.started(driver.grant(1), {{0, 1}});
  const auto facts = driver.started(driver.grant(1), {{0, 6}});
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(std::get<model::Started>(facts[0]).children, (model::Ranges{{1, 4}}));
}

TEST(ChildrenReturned, WaitAgainWithoutABurntAttempt) {
  Running driver;
  EXPECT_EQ(driver.returned(driver.grant(1), {{1, 3}}).size(), 1U);
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.core.attempts_failed(driver.job("a"), 1), 0U);
  EXPECT_TRUE(driver.returned(driver.grant(1), {{1, 3}}).empty());
}

TEST(AttemptsEnded, CountsForItsExecutionAlone) {
  Running driver;
  const GrantId grant = driver.grant(1);
  const JobId job = driver.job("a");
  EXPECT_EQ(driver.end_of({job, 0, grant}, {1}), 1U);
  EXPECT_EQ(driver.end_of({job, 0, grant}, {2}), 0U);
  EXPECT_EQ(driver.end_of({job, 4, grant}, {1}), 0U);
  EXPECT_EQ(driver.end_of({JobId{1}, 0, grant}, {1}), 0U);
  EXPECT_EQ(driver.end_of({job, 0, driver.grant(2)}, {1}), 0U);
  EXPECT_EQ(driver.end_of({job, 0, driver.grant(1, 2)}, {1}), 0U);
}

TEST(AttemptsEnded, CountsOnceHoweverOftenItIsToldInOneBatch) {
  Running driver;
  const AttemptsEnded::One one{{driver.job("a"), 0, driver.grant(1)},
                               testing::end_of(model::EndKind::Exited, 1)};
  const auto facts = driver.happen(AttemptsEnded{driver.node, {1}, {one, one, one}});
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(std::get<model::Ended>(facts[0]).failed.size(), 1U);
  EXPECT_EQ(driver.core.attempts_failed(driver.job("a"), 0), 1U);
}

TEST(AttemptsEnded, MakesOneFactAGrant) {
  Running driver;
  driver.ended(driver.grant(1), {{0, 1}});
  driver.decide();
  AttemptsEnded event{driver.node, {1}, {}};
  for (const ChildIndex child : {3U, 1U, 2U})
    event.ends.push_back({{driver.job("a"), child, driver.grant(1)}, {}});
  event.ends.push_back({{driver.job("a"), 4, driver.grant(2)}, {}});
  const auto facts = driver.happen(event);
  ASSERT_EQ(facts.size(), 2U);
  EXPECT_EQ(std::get<model::Ended>(facts[0]).succeeded, (model::Ranges{{1, 4}}));
}

TEST(InstanceGone, IsNewsOnlyOfAnInstanceThatMatters) {
  Running driver;
  EXPECT_TRUE(driver.happen(InstanceGone{driver.node, {9}, "x"}).empty());
  EXPECT_TRUE(driver.happen(InstanceGone{NodeId{5}, {1}, "x"}).empty());
  EXPECT_EQ(driver.happen(InstanceGone{driver.node, {1}, "x"}).size(), 1U);
  EXPECT_FALSE(driver.core.node(driver.node)->present);
  EXPECT_EQ(driver.state("a", 0), "runnable");
  EXPECT_TRUE(driver.happen(InstanceGone{driver.node, {1}, "x"}).empty());
}

TEST(CancelJob, GivesEachChildItsReason) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(5)}});
  const model::JobId a = driver.job("a");
  driver.happen(CancelJob{"1", a, {{0, 2}}, "first"});
  driver.happen(CancelJob{"2", a, {{1, 4}}, "second"});
  EXPECT_EQ(driver.core.status_reason(a, 1), "first");
  EXPECT_EQ(driver.core.status_reason(a, 3), "second");
  const auto loaded = Scheduler::load(driver.core.save());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->status_reason(a, 0), "first");
  EXPECT_EQ(loaded->status_reason(a, 2), "second");
  driver.happen(CancelJob{"3", a, {{0, 5}}, "third"});
  EXPECT_EQ(driver.core.status_reason(a, 4), "third");
  EXPECT_EQ(driver.core.status_reason(a), model::kReasonArrayChild);
}

TEST(CancelJob, IsAppliedOnce) {
  Running driver;
  const CancelJob request{"u", driver.job("a"), {{0, 8}}, "no"};
  EXPECT_EQ(driver.happen(request).size(), 1U);
  EXPECT_TRUE(driver.core.request_known("u"));
  EXPECT_TRUE(driver.happen(request).empty());
  EXPECT_TRUE(driver.happen(CancelJob{"v", JobId{9}, {{0, 1}}, "no"}).empty());
}

TEST(CancelJob, LeavesAloneWhatDoesNotExist) {
  Running driver;
  driver.happen(CancelJob{"u", driver.job("a"), {{6, model::kChildrenMax}}, "no"});
  EXPECT_EQ(driver.core.counts(driver.job("a"))[ChildState::Cancelled], 2U);
}

TEST(CancelJob, CallsBackWhatIsGrantedAndSparesWhatStarted) {
  Running driver;
  driver.started(driver.grant(1), {{0, 1}});
  driver.happen(CancelJob{"u", driver.job("a"), {{0, 8}}, "no"});
  EXPECT_EQ(driver.core.to_recall(driver.grant(1)), (model::Ranges{{1, 4}}));
  driver.started(driver.grant(1), {{1, 2}});
  EXPECT_EQ(driver.core.to_recall(driver.grant(1)), (model::Ranges{{2, 4}}));
  driver.returned(driver.grant(1), {{2, 4}});
  EXPECT_EQ(driver.state("a", 2), "cancelled");
  EXPECT_EQ(driver.state("a", 1), "running");
}

}  // namespace
}  // namespace mpibatch::scheduler
