#include "cli/usage_advice.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

constexpr std::uint64_t kMib = 1024;  // in KiB
constexpr std::uint64_t kGib = 1024 * kMib;

Asked asking(std::uint32_t vcpus, std::uint64_t memory_mib) { return {{vcpus, memory_mib, 0}}; }

// All succeeded, each used one CPU for 10 s.
JobUsage used(std::uint64_t attempts, std::uint64_t p95_kib, std::uint64_t max_kib) {
  JobUsage usage;
  usage.attempts = usage.succeeded = attempts;
  usage.wall_us = {attempts, 10'000'000, 10'000'000, 10'000'000};
  usage.memory_kib = {attempts, p95_kib / 2, p95_kib, max_kib};
  usage.other_memory_kib_max = max_kib;
  usage.vcpus_thousands = {attempts, 1000, 1000, 1000};
  usage.wall_seconds = usage.cpu_seconds = static_cast<double>(attempts) * 10;
  return usage;
}

JobUsage with_vcpus(JobUsage usage, double average, std::uint64_t p95_thousands) {
  usage.cpu_seconds = usage.wall_seconds * average;
  usage.vcpus_thousands.p95 = p95_thousands;
  return usage;
}

JobUsage with_killed(JobUsage usage, std::uint64_t killed, std::uint64_t killed_kib) {
  usage.killed_for_memory = killed;
  usage.succeeded -= killed;
  usage.killed_memory_kib_max = killed_kib;
  return usage;
}

TEST(Advice, AsksForLessMemoryWithAMarginAndSaysWhy) {
  const auto advice = advise(used(400, 71 * kGib / 10, 82 * kGib / 10), asking(1, 32 * 1024));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].resource, Advice::Resource::Memory);
  EXPECT_EQ(advice[0].ask, 9U * 1024);
  EXPECT_EQ(advice[0].text,
            "ask for 9 GiB (9216 MiB): 95 % of 400 attempts used 7.1 GiB or less, the most 8.2 "
            "GiB, asked 32 GiB");
}

TEST(Advice, IsSilentWhereWhatWasAskedFits) {
  EXPECT_TRUE(advise(used(400, 7 * kGib, 82 * kGib / 10), asking(1, 10 * 1024)).empty());
  EXPECT_TRUE(advise(used(400, 7 * kMib, 9 * kMib), asking(1, 128)).empty())
      << "little to be saved";
  EXPECT_TRUE(advise(used(400, 7 * kGib, 8 * kGib), asking(1, 0)).empty()) << "asked for no limit";
}

TEST(Advice, IsSilentWhereTooFewAttemptsCouldTell) {
  EXPECT_TRUE(advise(used(2, kGib, kGib), asking(8, 32 * 1024)).empty());
  EXPECT_TRUE(advise(JobUsage{}, asking(8, 32 * 1024)).empty());
  JobUsage failed = used(50, kGib, kGib);
  failed.succeeded = 2;
  EXPECT_TRUE(advise(failed, asking(8, 32 * 1024)).empty());
  JobUsage unknown = used(50, 0, 0);
  unknown.memory_kib = {};
  EXPECT_TRUE(advise(unknown, asking(1, 32 * 1024)).empty());
}

TEST(Advice, AsksForMoreMemoryWhereMoreWasUsed) {
  const auto advice = advise(used(10, 5 * kGib, 6 * kGib), asking(1, 4 * 1024));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].ask, 7U * 1024);
}

TEST(Advice, AfterKillsAsksForHalfAsMuchAgain) {
  const auto advice =
      advise(with_killed(used(400, 3 * kGib, 3 * kGib), 12, 4 * kGib), asking(1, 4096));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].ask, 6U * 1024);
  EXPECT_EQ(advice[0].text,
            "12 of 400 attempts were killed for memory (asked 4 GiB, used up to 4.0 GiB): ask for "
            "6 GiB (6144 MiB), or set a memoryMultiplier for retries");
}

TEST(Advice, AfterKillsTakesWhatOthersNeededAndWithoutARequestWhatWasUsed) {
  const auto more =
      advise(with_killed(used(400, 7 * kGib, 79 * kGib / 10), 12, 4 * kGib), asking(1, 4096));
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].ask, 9U * 1024);
  const auto one = advise(with_killed(used(1, 0, 0), 1, 200 * kMib), asking(1, 0));
  ASSERT_EQ(one.size(), 1U) << "one kill is enough of a sign";
  EXPECT_EQ(one[0].ask, 320U);
  EXPECT_TRUE(one[0].text.starts_with("1 of 1 attempt was killed for memory (used up to 200 MiB)"))
      << one[0].text;
}

TEST(Advice, LeavesAFewKillsToTheMultiplier) {
  Asked job = asking(1, 4096);
  job.memory_multiplier = 2;
  EXPECT_TRUE(advise(with_killed(used(400, 7 * kGib, 8 * kGib), 12, 4 * kGib), job).empty());
  const auto many = advise(with_killed(used(400, 7 * kGib, 8 * kGib), 190, 4 * kGib), job);
  ASSERT_EQ(many.size(), 1U);
  EXPECT_EQ(many[0].ask, 9U * 1024);
  EXPECT_EQ(many[0].text.find("memoryMultiplier"), std::string::npos);
}

TEST(Advice, SaysHowManyCpusWouldDo) {
  const auto advice = advise(with_vcpus(used(40, 0, 0), 1.1, 1600), asking(8, 0));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].resource, Advice::Resource::Vcpus);
  EXPECT_EQ(advice[0].ask, 2U);
  EXPECT_EQ(advice[0].text,
            "2 vCPUs would do: 40 attempts used 1.1 of 8 on average, 95 % of them 1.6 or less");
  EXPECT_EQ(advise(with_vcpus(used(40, 0, 0), 1.02, 1040), asking(2, 0)).at(0).ask, 1U)
      << "one thread";
  EXPECT_EQ(advise(with_vcpus(used(40, 0, 0), 1.1, 3900), asking(8, 0)).at(0).ask, 4U)
      << "some need more than the average";
}

TEST(Advice, LeavesCpusAloneThatAreUsed) {
  EXPECT_TRUE(advise(with_vcpus(used(40, 0, 0), 6.4, 7000), asking(8, 0)).empty());
  EXPECT_TRUE(advise(with_vcpus(used(40, 0, 0), 0.01, 20), asking(1, 0)).empty());
  JobUsage brief = with_vcpus(used(40, 0, 0), 0.5, 600);
  brief.wall_seconds = 0.2;
  brief.cpu_seconds = 0.1;
  EXPECT_TRUE(advise(brief, asking(8, 0)).empty()) << "too short to tell";
}

TEST(Advice, SaysWhereMoreCpusAreUsedThanAskedFor) {
  const auto advice = advise(with_vcpus(used(40, 0, 0), 3.6, 3900), asking(1, 0));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].text, "ask for 4 vCPUs: 40 attempts used 3.6 of 1 on average");
}

TEST(Advice, LeavesGangsAlone) {
  Asked job = asking(8, 32 * 1024);
  job.gang = true;
  EXPECT_TRUE(advise(used(400, kGib, kGib), job).empty());
}

TEST(MemoryToAsk, IsRoundAndHasAMargin) {
  EXPECT_EQ(memory_to_ask_mib(1), 64U);
  EXPECT_EQ(memory_to_ask_mib(60 * kMib), 64U);
  EXPECT_EQ(memory_to_ask_mib(64 * kMib), 128U);
  EXPECT_EQ(memory_to_ask_mib(1000 * kMib), 1280U);
  EXPECT_EQ(memory_to_ask_mib(4 * kGib), 5U * 1024);
  EXPECT_EQ(memory_to_ask_mib(100 * kGib), 108U * 1024);
  EXPECT_EQ(memory_to_ask_mib(300 * kGib), 320U * 1024);
}

TEST(MemoryToAsk, ReadsAsItIs) {
  EXPECT_EQ(mib_text(576), "576 MiB");
  EXPECT_EQ(mib_text(1280), "1.25 GiB");
  EXPECT_EQ(mib_text(9216), "9 GiB");
  EXPECT_EQ(mib_text(8000), "7.8 GiB");
}

}  // namespace
}  // namespace mpibatch::cli
