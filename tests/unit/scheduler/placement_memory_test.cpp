#include "scheduler/placement_memory.hpp"

#include <gtest/gtest.h>

#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::Timeline;

// `count` jobs of a second that need one of three licences, with `others` of a second that do not.
PlanBuilder licensed(int count, int others) {
  PlanBuilder plan;
  plan.consumables = {{"licence", 3, true}};
  for (int i = 0; i < count; ++i)
    plan.jobs.push_back(JobBuilder("licensed" + std::to_string(i)).expected(1s).takes("licence"));
  for (int i = 0; i < others; ++i)
    plan.jobs.push_back(JobBuilder("free" + std::to_string(i)).expected(1s));
  return plan;
}

TEST(PassedJobs, HoldNobodyBack) {
  Timeline line(licensed(300, 20));
  line.join("n1", {23, 0});
  line.step();
  EXPECT_EQ(line.runs.size(), 23U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(line.start("free" + std::to_string(i)), Instant{});
}

TEST(PassedJobs, AllGetTheirTurnWithoutDelay) {
  Timeline line(licensed(300, 1000));
  line.join("n1", {13, 0});
  line.run();
  EXPECT_TRUE(line.core.finished());
  EXPECT_EQ(line.start("licensed299"), Instant{99s});
  EXPECT_EQ(line.start("free999"), Instant{99s});
  std::map<Instant, int> licences;  // that have been in use since then
  for (const auto& [key, run] : line.runs)
    if (line.core.name(key.first).starts_with("licensed")) ++licences[run.start];
  for (const auto& [start, used] : licences) EXPECT_EQ(used, 3);
}

TEST(PassedJobs, ThoseThatComeAmongThemAreFoundSoonEnough) {
  PlanBuilder plan = licensed(300, 0);
  plan.jobs[0].expected(100s).takes("licence", 2);  // all of them
  plan.jobs.insert(plan.jobs.begin() + 150, JobBuilder("among").expected(1s).not_before(10s));
  Timeline line(plan);
  line.join("n1", {8, 0});
  line.run();
  EXPECT_TRUE(line.core.finished());
  EXPECT_LE(line.start("among"), Instant{10s + kMemoryAge});
}

// On a node of 4 CPUs only `narrow` finds room behind the head, and it is far behind.
PlanBuilder narrow_behind_wide() {
  PlanBuilder plan;
  plan.jobs = {JobBuilder("first").vcpus(3).expected(50s),
               JobBuilder("head").vcpus(4).expected(1s)};
  for (int i = 0; i < 900; ++i)
    plan.jobs.push_back(JobBuilder("wide" + std::to_string(i)).vcpus(2).expected(1s));
  plan.jobs.push_back(JobBuilder("narrow").expected(2s));
  return plan;
}

TEST(DeepLooks, FindWorkFarBehindTheHeadSoonEnough) {
  PlanBuilder plan = narrow_behind_wide();
  plan.jobs.push_back(JobBuilder("late").expected(2s).not_before(1s + kMemoryAge / 2));
  plan.jobs.push_back(JobBuilder("last").expected(2s));
  Timeline line(plan);
  line.join("n1", {4, 0});
  line.run();
  EXPECT_TRUE(line.core.finished());
  EXPECT_EQ(line.start("narrow"), Instant{});
  EXPECT_LE(line.start("late"), Instant{2s + kMemoryAge});
  EXPECT_LE(line.start("last"), Instant{4s + 2 * kMemoryAge});
  EXPECT_EQ(line.start("head"), Instant{50s});
}

TEST(DeepLooks, GoOnWhereTheClockWentBack) {
  PlanBuilder plan = narrow_behind_wide();
  plan.jobs.push_back(JobBuilder("next").expected(2s));
  Timeline line(plan);
  line.join("n1", {4, 0});
  line.now = Instant{1000s};
  line.step();
  EXPECT_EQ(line.start("narrow"), Instant{1000s});
  ASSERT_TRUE(line.advance());
  line.now = Instant{500s};
  line.step();
  EXPECT_EQ(line.start("next"), Instant{500s});
}

}  // namespace
}  // namespace mpibatch::scheduler
