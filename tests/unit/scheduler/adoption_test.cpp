// A plan takes over from the one before: by key, with grants out.
#include "scheduler/state.hpp"
#include "support/scheduler_check.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

TEST(Adoption, KeepsStatesByKey) {
  SchedulerDriver driver({{}, {JobBuilder("a").keys({"x", "y", "z"}).attempts(3)}});
  driver.join("n1", {3, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}});
  driver.ended(driver.grant(1), {{2, 3}}, testing::end_of(model::EndKind::Exited, 4, "why"));
  driver.adopt({{}, {JobBuilder("a").keys({"new", "z", "x"}).attempts(3)}});
  EXPECT_EQ(driver.state("a", 0), "runnable");
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.state("a", 2), "succeeded");
  EXPECT_EQ(driver.core.attempts_failed(driver.job("a"), 1), 1U);
  const auto failure = driver.core.last_failure(driver.job("a"), 1);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "why");
  EXPECT_EQ(failure->child, 1U);
  EXPECT_FALSE(driver.core.last_failure(driver.job("a"), 2));
}

TEST(Adoption, TranslatesGrants) {
  SchedulerDriver driver({{}, {JobBuilder("a").keys({"p", "q", "r", "s"})}});
  driver.join("n1", {4, 0});
  driver.decide();
  driver.started(driver.grant(1), {{1, 2}});
  driver.adopt({{}, {JobBuilder("a").keys({"s", "new", "q"})}});

  const GrantId grant = driver.grant(1);
  EXPECT_EQ(driver.core.outstanding(grant, 0), std::nullopt);  // p left the plan
  EXPECT_EQ(driver.core.outstanding(grant, 1), 2U);
  EXPECT_EQ(driver.core.outstanding(grant, 3), 0U);
  EXPECT_EQ(driver.state("a", 2), "running");
  EXPECT_EQ(driver.state("a", 0), "granted");
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.view(grant).children, (model::Ranges{{0, 4}}));  // as granted
  EXPECT_EQ(testing::inconsistency(driver.core), "");

  driver.ended(grant, {{0, 2}});
  EXPECT_EQ(driver.state("a", 2), "succeeded");
  driver.started(grant, {{3, 4}});
  EXPECT_EQ(driver.state("a", 0), "running");
}

TEST(Adoption, TranslatesGrantsTwice) {
  SchedulerDriver driver({{}, {JobBuilder("a").keys({"p", "q", "r"})}});
  driver.join("n1", {3, 0});
  driver.decide();
  driver.adopt({{}, {JobBuilder("a").keys({"r", "q", "p"})}});
  driver.adopt({{}, {JobBuilder("a").keys({"q", "r"})}});
  driver.ended(driver.grant(1), {{2, 3}});
  EXPECT_EQ(driver.state("a", 1), "succeeded");
  driver.adopt({{}, {JobBuilder("a").keys({"p", "q", "r"})}});
  EXPECT_EQ(driver.state("a", 0), "runnable");  // another p than the one that is still out
  EXPECT_EQ(driver.state("a", 1), "granted");
  EXPECT_EQ(driver.core.outstanding(driver.grant(1), 0), std::nullopt);
  EXPECT_EQ(testing::inconsistency(driver.core), "");
}

TEST(Adoption, HoldsTheNodeForChildrenThatLeftThePlan) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(2)}});
  const NodeId node = driver.join("n1", {2, 0});
  driver.decide();
  driver.adopt({{}, {JobBuilder("b").array(2)}});
  EXPECT_FALSE(driver.core.in_plan(driver.job("a")));
  EXPECT_TRUE(driver.decide().empty());
  EXPECT_EQ(driver.core.node(node)->granted.vcpus, 2U);
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_EQ(driver.grants().size(), 1U);
}

TEST(Adoption, AJobThatComesBackStartsAsNew) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(2), JobBuilder("b")}});
  driver.join("n1", {4, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 2}});
  const JobId id = driver.job("a");
  driver.adopt({{}, {JobBuilder("b")}});
  driver.adopt({{}, {JobBuilder("a").array(2), JobBuilder("b")}});
  EXPECT_EQ(driver.job("a"), id);
  EXPECT_EQ(driver.state("a", 0), "runnable");
  EXPECT_EQ(driver.state("b"), "granted");
}

TEST(Adoption, OpensAFinishedRunForNewWork) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(1)}});
  driver.join("n1", {4, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}});
  driver.decide();
  ASSERT_TRUE(driver.core.finished());
  driver.adopt({{}, {JobBuilder("a").array(3)}});
  EXPECT_FALSE(driver.core.finished());
  EXPECT_EQ(driver.grants().front().children, (model::Ranges{{1, 3}}));
}

TEST(Adoption, TakesBackWhatNoLongerMay) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("b").after("a")}});
  driver.join("n1", {1, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(driver.state("b"), "runnable");
  driver.adopt({{}, {JobBuilder("a"), JobBuilder("c"), JobBuilder("b").after("c")}});
  EXPECT_EQ(driver.state("b"), "waiting");
}

TEST(Adoption, SetsFreeWhatFailedThroughAJobThatIsGone) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("b").after("a")}});
  driver.join("n1", {1, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_EQ(driver.state("b"), "dependency failed");
  driver.adopt({{}, {JobBuilder("b")}});
  EXPECT_EQ(driver.state("b"), "runnable");
}

TEST(Adoption, CancelsKeysNotPlaces) {
  SchedulerDriver driver({{}, {JobBuilder("a").keys({"p", "q", "r"})}});
  driver.join("n1", {2, 0});
  driver.decide();
  driver.happen(CancelJob{"u", driver.job("a"), {{1, 2}}, "not q"});
  driver.adopt({{}, {JobBuilder("a").keys({"q", "p", "r"})}});
  EXPECT_EQ(driver.core.to_recall(driver.grant(1)), (model::Ranges{{1, 2}}));
  driver.returned(driver.grant(1), {{1, 2}});
  EXPECT_EQ(driver.state("a", 0), "cancelled");
  EXPECT_EQ(driver.state("a", 1), "granted");
}

}  // namespace
}  // namespace mpibatch::scheduler
