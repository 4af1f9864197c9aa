#include "sim/durations.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/histogram.hpp"
#include "sim/load_meter.hpp"

namespace mpibatch::sim {
namespace {

using namespace std::chrono_literals;
using Kind = model::Expectation::Kind;

model::PlannedJob job(std::string name, Kind kind, double a, double b = 0) {
  model::PlannedJob planned;
  planned.spec.name = std::move(name);
  planned.spec.size = 100'000;
  planned.expected = {kind, a, b};
  return planned;
}

double mean_of(const Durations& durations, std::uint32_t number) {
  double sum = 0;
  for (model::ChildIndex child = 0; child < 100'000; ++child)
    sum += std::chrono::duration<double>(durations.of(number, child, 1).time).count();
  return sum / 100'000;
}

TEST(Durations, FollowTheirDistributions) {
  const Durations durations({job("a", Kind::Uniform, 2, 4), job("b", Kind::Normal, 10, 2),
                             job("c", Kind::Lognormal, 1, 0.5), job("d", Kind::Exponential, 5)},
                            {}, 1);
  EXPECT_NEAR(mean_of(durations, 0), 3, 0.02);
  EXPECT_NEAR(mean_of(durations, 1), 10, 0.05);
  EXPECT_NEAR(mean_of(durations, 2), std::exp(1.125), 0.05);
  EXPECT_NEAR(mean_of(durations, 3), 5, 0.1);
}

TEST(Durations, AreTheSameForTheSameSeedAndOthersForOthers) {
  const std::vector<model::PlannedJob> jobs{job("a", Kind::Uniform, 0, 1000),
                                            job("b", Kind::Uniform, 0, 1000)};
  const Durations one(jobs, {}, 7);
  const Durations same(jobs, {}, 7);
  const Durations other(jobs, {}, 8);
  EXPECT_EQ(one.of(0, 5, 1).time, same.of(0, 5, 1).time);
  EXPECT_NE(one.of(0, 5, 1).time, other.of(0, 5, 1).time);
  EXPECT_NE(one.of(0, 5, 1).time, one.of(0, 6, 1).time);
  EXPECT_NE(one.of(0, 5, 1).time, one.of(0, 5, 2).time);
  EXPECT_NE(one.of(0, 5, 1).time, one.of(1, 5, 1).time);
}

TEST(Durations, AreFixedLearnedOrOneSecond) {
  const std::map<std::string, LearnedJob> learned{{"c", {4s, {}}}, {"d", {4s, {0, 2.5F}}}};
  const Durations durations({job("a", Kind::Fixed, 2.5), job("b", Kind::Unknown, 0),
                             job("c", Kind::Fixed, 9), job("d", Kind::Lognormal, 1, 1)},
                            learned, 1);
  EXPECT_EQ(durations.uniform(0)->time, 2500ms);
  EXPECT_EQ(durations.uniform(1)->time, 1s);
  EXPECT_EQ(durations.uniform(2)->time, 4s);
  EXPECT_FALSE(durations.uniform(3));
  EXPECT_EQ(durations.of(3, 0, 1).time, 4s) << "the mean, where its own is unknown";
  EXPECT_EQ(durations.of(3, 1, 1).time, 2500ms);
  EXPECT_EQ(durations.of(3, 2, 1).time, 4s) << "a child that the former run did not have";
}

TEST(Durations, EndAtTheTimeout) {
  model::PlannedJob planned = job("a", Kind::Fixed, 10);
  planned.execution.timeout = 3s;
  const Durations durations({planned}, {}, 1);
  EXPECT_EQ(durations.of(0, 0, 1).time, 3s);
  EXPECT_TRUE(durations.of(0, 0, 1).timed_out);
}

TEST(Histogram, KnowsQuantilesWithinOnePercent) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(i, 10);
  const Distribution found = histogram.distribution();
  EXPECT_EQ(found.count, 10'000U);
  EXPECT_DOUBLE_EQ(found.mean, 500.5);
  EXPECT_NEAR(found.median, 500, 5);
  EXPECT_NEAR(found.p95, 950, 9.5);
  EXPECT_DOUBLE_EQ(found.max, 1000);
}

TEST(Histogram, OfOneValueHasThatValue) {
  Histogram histogram;
  histogram.add(0, 5);
  EXPECT_EQ(histogram.distribution().p95, 0);
  Histogram other;
  other.add(3.25, 1'000'000'000);
  EXPECT_EQ(other.distribution().median, 3.25);
  EXPECT_EQ(Histogram().distribution().count, 0U);
}

TEST(LoadMeter, AveragesOverStepsThatGrowWithTime) {
  const Instant begin = instant_from_us(1'000'000);
  LoadMeter meter(begin);
  meter.capacity(10, begin);
  meter.busy(10, begin);
  meter.busy(-5, begin + 1h);
  meter.busy(-5, begin + 2h);
  const Load load = meter.load(begin + 2h, 10);
  ASSERT_LE(load.busy.size(), 1024U);
  ASSERT_GE(load.busy.size(), 512U);
  EXPECT_DOUBLE_EQ(load.busy.front(), 10);
  EXPECT_NEAR(load.busy.back(), 5, 1e-9);
  EXPECT_NEAR(meter.utilisation(begin + 2h), 0.75, 1e-9);
}

TEST(LoadMeter, CountsCapacityThatIsNotThere) {
  const Instant begin = instant_from_us(1'000'000);
  LoadMeter meter(begin);
  meter.capacity(10, begin);
  meter.busy(5, begin);
  meter.capacity(-5, begin + 10s);
  meter.busy(-5, begin + 20s);
  EXPECT_NEAR(meter.utilisation(begin + 20s), 100.0 / 150, 1e-9);
}

}  // namespace
}  // namespace mpibatch::sim
