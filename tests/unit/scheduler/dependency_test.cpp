#include "scheduler/state.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

const model::AttemptEnd kFailure = testing::end_of(model::EndKind::Exited, 1);

TEST(Dependency, OnAJobWaitsForAllOfIt) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(2), JobBuilder("b").array(2).after("a")}});
  driver.join("n1", {4, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(driver.state("b", 0), "waiting");
  driver.ended(driver.grant(1), {{1, 2}});
  EXPECT_EQ(driver.state("b", 0), "runnable");
  EXPECT_EQ(driver.state("b", 1), "runnable");
}

TEST(Dependency, OnSeveralJobsFailsWithTheFirstThatFails) {
  SchedulerDriver driver(
      {{}, {JobBuilder("a"), JobBuilder("b"), JobBuilder("c").after("a").after("b")}});
  driver.join("n1", {4, 0});
  driver.decide();
  driver.ended(driver.grant(2), {{0, 1}}, kFailure);
  EXPECT_EQ(driver.state("c"), "dependency failed");
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_EQ(driver.state("c"), "dependency failed");
}

TEST(Dependency, NToNIsAChildsOwnAffair) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(3), JobBuilder("b").array(3).n_to_n("a")}});
  driver.join("n1", {3, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}}, kFailure);
  driver.ended(driver.grant(1), {{2, 3}});
  EXPECT_EQ(driver.state("b", 0), "dependency failed");
  EXPECT_EQ(driver.state("b", 1), "waiting");
  EXPECT_EQ(driver.state("b", 2), "runnable");
}

TEST(Dependency, SequentialWaitsForTheOneBefore) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(3).sequential().attempts(2)}});
  driver.join("n1", {3, 0});
  driver.decide();
  EXPECT_EQ(driver.state("a", 1), "waiting");
  driver.ended(driver.grant(1), {{0, 1}}, kFailure);  // retried: the next one still waits
  EXPECT_EQ(driver.state("a", 1), "waiting");
  driver.decide();
  driver.ended(driver.grant(2), {{0, 1}});
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.state("a", 2), "waiting");
}

TEST(Dependency, OnACancelledJobFails) {
  SchedulerDriver driver({{}, {JobBuilder("a"), JobBuilder("b").after("a")}});
  driver.happen(CancelJob{"u", driver.job("a"), {{0, 1}}, "no"});
  EXPECT_EQ(driver.state("b"), "dependency failed");
  EXPECT_EQ(driver.core.status_reason(driver.job("a")), "no");
  EXPECT_EQ(driver.core.status_reason(driver.job("b")), model::kReasonDependency);
}

TEST(Status, OfAParentIsPendingUntilAllAreTerminal) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(2), JobBuilder("one")}});
  const JobId a = driver.job("a");
  EXPECT_EQ(driver.core.status(a), model::JobStatus::Pending);
  EXPECT_EQ(driver.core.status(driver.job("one")), model::JobStatus::Runnable);
  driver.join("n1", {3, 0});
  driver.decide();
  driver.started(driver.grant(2), {{0, 1}});
  EXPECT_EQ(driver.core.status(driver.job("one")), model::JobStatus::Running);
  driver.ended(driver.grant(1), {{0, 1}}, kFailure);
  EXPECT_EQ(driver.core.status(a), model::JobStatus::Pending);
  driver.ended(driver.grant(1), {{1, 2}});
  EXPECT_EQ(driver.core.status(a), model::JobStatus::Failed);
  EXPECT_EQ(driver.core.status_reason(a), model::kReasonArrayChild);
}

TEST(Reopened, StartsAnewWhatFailedAndKeepsTheRest) {
  SchedulerDriver driver({{},
                          {JobBuilder("a").array(2), JobBuilder("b").after("a"), JobBuilder("c"),
                           JobBuilder("d").after("c")}});
  driver.join("n1", {3, 0});
  driver.happen(CancelJob{"u", driver.job("c"), {{0, 1}}, "no"});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}});
  driver.ended(driver.grant(1), {{1, 2}}, kFailure);
  driver.decide();
  ASSERT_TRUE(driver.core.finished());
  driver.apply(model::FailedReopened{});
  EXPECT_FALSE(driver.core.finished());
  EXPECT_EQ(driver.state("a", 0), "succeeded");
  EXPECT_EQ(driver.state("a", 1), "runnable");
  EXPECT_EQ(driver.state("b"), "waiting");
  EXPECT_EQ(driver.state("c"), "cancelled");
  EXPECT_EQ(driver.state("d"), "dependency failed");
  EXPECT_EQ(driver.core.attempts_failed(driver.job("a"), 1), 0U);
}

}  // namespace
}  // namespace mpibatch::scheduler
