#include "cli/usage_statistics.hpp"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

store::Attempt ended(model::EndKind kind, Duration wall, Duration cpu, std::uint64_t kib) {
  store::Attempt attempt;
  attempt.state = store::AttemptState::Ended;
  attempt.end = model::AttemptEnd{};
  attempt.end->kind = kind;
  attempt.end->usage = {wall, cpu, Duration{0}, kib};
  return attempt;
}

JobUsage usage_of_all(const std::vector<store::Attempt>& attempts, std::uint32_t vcpus = 1) {
  std::vector<UsageSample> samples;
  for (const store::Attempt& attempt : attempts)
    if (has_usage(attempt)) samples.push_back(sample_of(attempt, vcpus));
  return usage_of(samples);
}

TEST(Percentiles, AreTheValuesAtTheirRank) {
  std::vector<std::uint64_t> values(100);
  std::iota(values.rbegin(), values.rend(), 1);
  EXPECT_EQ(percentiles(values), (Percentiles{100, 50, 95, 100}));
  EXPECT_EQ(percentiles({7}), (Percentiles{1, 7, 7, 7}));
  EXPECT_EQ(percentiles({9, 1}), (Percentiles{2, 1, 9, 9}));
  EXPECT_EQ(percentiles({3, 1, 2}), (Percentiles{3, 2, 3, 3}));
  EXPECT_EQ(percentiles({}).count, 0U);
}

TEST(Percentiles, LeaveTheLastTwentiethAbove) {
  std::vector<std::uint64_t> values(40, 5);
  values[7] = values[31] = 1000;
  EXPECT_EQ(percentiles(values), (Percentiles{40, 5, 5, 1000}));
  values[12] = 1000;
  EXPECT_EQ(percentiles(values).p95, 1000U);
}

TEST(JobUsage, AddsUpWhatEndedAndRan) {
  const JobUsage usage = usage_of_all(
      {ended(model::EndKind::Exited, seconds{10}, seconds{10}, 1000),
       ended(model::EndKind::Signaled, seconds{30}, seconds{10}, 3000),
       ended(model::EndKind::CannotStart, seconds{0}, seconds{0}, 0), store::Attempt{}},
      4);
  EXPECT_EQ(usage.attempts, 2U);
  EXPECT_EQ(usage.succeeded, 1U);
  EXPECT_EQ(usage.wall_us.max, 30'000'000U);
  EXPECT_EQ(usage.memory_kib, (Percentiles{2, 1000, 3000, 3000}));
  EXPECT_DOUBLE_EQ(usage.vcpus_used().value(), 0.5);
  EXPECT_DOUBLE_EQ(usage.cpu_efficiency().value(), 0.125);
  EXPECT_EQ(usage.vcpus_thousands, (Percentiles{2, 333, 1000, 1000}));
}

TEST(JobUsage, MemoryThatIsUnknownIsNotZero) {
  const JobUsage usage = usage_of_all({ended(model::EndKind::Exited, seconds{1}, seconds{1}, 0),
                                       ended(model::EndKind::Exited, seconds{1}, seconds{1}, 500)});
  EXPECT_EQ(usage.attempts, 2U);
  EXPECT_EQ(usage.memory_kib, (Percentiles{1, 500, 500, 500}));
}

TEST(JobUsage, TellsThoseKilledForMemoryFromOthers) {
  const JobUsage usage =
      usage_of_all({ended(model::EndKind::OutOfMemory, seconds{1}, seconds{1}, 4000),
                    ended(model::EndKind::Exited, seconds{1}, seconds{1}, 6000)});
  EXPECT_EQ(usage.killed_for_memory, 1U);
  EXPECT_EQ(usage.killed_memory_kib_max, 4000U);
  EXPECT_EQ(usage.other_memory_kib_max, 6000U);
}

TEST(JobUsage, CountsTheCpusAnAttemptWasBoundTo) {
  store::Attempt attempt = ended(model::EndKind::Exited, seconds{2}, seconds{2}, 1);
  EXPECT_EQ(vcpus_of(attempt, 8), 8U);
  attempt.cpus = {0, 1};
  EXPECT_EQ(vcpus_of(attempt, 8), 2U);
  EXPECT_DOUBLE_EQ(usage_of_all({attempt}, 8).cpu_efficiency().value(), 0.5);
}

TEST(JobUsage, OfNothingSaysNothing) {
  const JobUsage usage = usage_of({});
  EXPECT_EQ(usage.attempts, 0U);
  EXPECT_FALSE(usage.vcpus_used());
  EXPECT_FALSE(usage.cpu_efficiency());
  EXPECT_FALSE(cpu_efficiency({}, 1)) << "no time passed";
}

}  // namespace
}  // namespace mpibatch::cli
