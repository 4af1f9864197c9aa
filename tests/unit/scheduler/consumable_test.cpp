#include <gtest/gtest.h>

#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;

// A gang of two and a job that want all there is of one consumable.
SchedulerDriver contested(bool replenishable, std::uint64_t total) {
  model::Consumable licence;
  licence.name = "licence";
  licence.total = total;
  licence.replenishable = replenishable;
  PlanBuilder plan{{},
                   {JobBuilder("g").gang(2, {1, 0, 0}).takes("licence", 2),
                    JobBuilder("a").takes("licence", 2)}};
  plan.consumables = {licence};
  SchedulerDriver driver(std::move(plan));
  driver.join("n1", {4, 0});
  driver.join("n2", {4, 0});
  driver.decide();
  driver.started(driver.grant(1), {{0, 1}});
  driver.started(driver.grant(2), {{0, 1}});
  return driver;
}

TEST(Consumable, IsAGangsUntilItsLastMemberIsBack) {
  SchedulerDriver driver = contested(true, 2);
  EXPECT_EQ(driver.state("a"), "runnable");
  driver.ended(driver.grant(1), {{0, 1}});
  EXPECT_TRUE(driver.decide().empty());
  const auto why = driver.core.explain(driver.job("a"), 0, driver.now);
  ASSERT_FALSE(why.empty());
  EXPECT_EQ(why[0], "needs 2 of 'licence'; 0 of 2 free (short by 2); g has 2");
  const auto loaded = Scheduler::load(driver.core.save());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->explain(driver.job("a"), 0, driver.now)[0], why[0]);
  driver.returned(driver.grant(2), {{0, 1}});
  driver.decide();
  EXPECT_EQ(driver.state("a"), "granted");
}

TEST(Consumable, IsSpentOnceByAGang) {
  SchedulerDriver driver = contested(false, 4);
  EXPECT_EQ(driver.state("a"), "granted");
  driver = contested(false, 3);
  driver.ended(driver.grant(1), {{0, 1}});
  driver.returned(driver.grant(2), {{0, 1}});
  EXPECT_TRUE(driver.decide().empty());
  EXPECT_EQ(driver.core.explain(driver.job("a"), 0, driver.now)[0],
            "needs 2 of 'licence'; 1 of 3 free (short by 1); 2 spent for good");
}

}  // namespace
}  // namespace mpibatch::scheduler
