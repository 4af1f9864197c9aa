// Arrays are never expanded: a million children are as few ranges as their states.
#include "scheduler/state.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

constexpr ChildIndex kMany = 1'000'000;
constexpr std::uint32_t kBatch = 50'000;

TEST(Array, OfAMillionIsGrantedAndEndsInRanges) {
  SchedulerDriver driver({{}, {JobBuilder("a").array(kMany)}});
  driver.join("n1", {kBatch, 0});
  std::uint64_t ended = 0;
  while (!driver.core.finished()) {
    for (const model::Granted& grant : driver.grants()) {
      ASSERT_LE(grant.children.size(), 1U);
      ended += model::count(grant.children);
      driver.apply(model::Started{grant.grant, grant.children});
      driver.apply(model::Ended{grant.grant, grant.children, {}, std::chrono::hours(1)});
    }
  }
  EXPECT_EQ(ended, kMany);
  EXPECT_EQ(driver.core.counts()[ChildState::Succeeded], kMany);
  EXPECT_LT(driver.core.save().size(), kMany + 1000);
}

TEST(Array, OfManyFailsThroughInOneGo) {
  constexpr ChildIndex kEach = 200'000;
  SchedulerDriver driver({{},
                          {JobBuilder("a"), JobBuilder("b").array(kEach).after("a"),
                           JobBuilder("c").array(kEach).n_to_n("b"),
                           JobBuilder("d").array(kEach).sequential().n_to_n("c")}});
  driver.join("n1", {1, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_EQ(driver.core.counts()[ChildState::DependencyFailed], 3U * kEach);
  driver.decide();
  EXPECT_TRUE(driver.core.finished());
}

TEST(Array, OfManyRunsOneAfterAnother) {
  constexpr ChildIndex kChain = 20'000;
  SchedulerDriver driver({{}, {JobBuilder("a").array(kChain).sequential()}});
  driver.join("n1", {4, 0});
  for (ChildIndex child = 0; child < kChain; ++child) {
    const auto grants = driver.grants();
    ASSERT_EQ(grants.size(), 1U);
    ASSERT_EQ(grants[0].children, (model::Ranges{{child, child + 1}}));
    driver.apply(model::Ended{grants[0].grant, grants[0].children, {}, std::chrono::hours(1)});
  }
  driver.decide();
  EXPECT_TRUE(driver.core.finished());
}

TEST(Jobs, InALongChainFailThroughWithoutRecursion) {
  testing::PlanBuilder plan;
  constexpr int kJobs = 30'000;  // deeper than any stack
  plan.jobs.push_back(JobBuilder("0"));
  for (int number = 1; number < kJobs; ++number)
    plan.jobs.push_back(JobBuilder(std::to_string(number)).after(std::to_string(number - 1)));
  SchedulerDriver driver(std::move(plan));
  driver.join("n1", {1, 0});
  driver.decide();
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_TRUE(driver.core.everything_terminal());
}

}  // namespace
}  // namespace mpibatch::scheduler
