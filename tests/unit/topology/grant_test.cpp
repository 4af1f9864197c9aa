#include "topology/grant.hpp"

#include <gtest/gtest.h>

namespace mpibatch::topology {
namespace {

using Numbers = std::vector<std::uint32_t>;
constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

// Two packages of two cores of two threads, numbered as Intel does: siblings are 4 apart.
const Cpus kMachine{{0, 4, 1, 5, 2, 6, 3, 7}, {1, 2, 1, 3, 1, 2, 1}};

Grant grant_of(const Cpus& cpus) {
  return {cpus, static_cast<std::uint32_t>(cpus.numbers.size()), true, {100 * kGib, ""}, {}};
}

TEST(Cpus, KeepTheDistanceAcrossThoseLeftOut) {
  EXPECT_EQ(only(kMachine, {0, 5, 2, 3, 99}), (Cpus{{0, 5, 2, 3}, {2, 3, 2}}));
  EXPECT_EQ(only(kMachine, {}), Cpus{});
  EXPECT_EQ(slice(kMachine, 2, 3), (Cpus{{1, 5, 2}, {1, 3}}));
  EXPECT_EQ(slice(kMachine, 8, 0), Cpus{});
}

TEST(GrantedCpus, AreTheMaskWithoutMpirun) {
  const auto granted = granted_cpus({kMachine, {0}, Numbers{0, 1, 2, 3}}, false);
  EXPECT_EQ(granted.cpus.numbers, Numbers{0});
  EXPECT_TRUE(granted.notices.empty());
}

TEST(GrantedCpus, AreTheLaunchersUnderMpirun) {
  const auto granted = granted_cpus({kMachine, {0}, Numbers{0, 1, 4, 5}}, true);
  EXPECT_EQ(granted.cpus.numbers, (Numbers{0, 4, 1, 5}));
  // All that was granted is used: nothing is wrong.
  EXPECT_TRUE(granted.notices.empty());
  ASSERT_EQ(granted.remarks.size(), 1U);
  EXPECT_EQ(granted.remarks[0], "the launcher bound this rank to CPU 0; using 0-1,4-5");
}

TEST(GrantedCpus, StayNarrowWhereTheLauncherIs) {
  const auto granted = granted_cpus({kMachine, {0}, Numbers{0}}, true);
  EXPECT_EQ(granted.cpus.numbers, Numbers{0});
  EXPECT_TRUE(granted.notices.empty());
}

TEST(GrantedCpus, AreTheCpusetsWhereTheLauncherCannotBeSeen) {
  const auto granted = granted_cpus({kMachine, {0}, std::nullopt}, true);
  EXPECT_EQ(granted.cpus, kMachine);
  EXPECT_EQ(granted.notices.size(), 1U);
}

TEST(GrantedCpus, AreTheMaskWhereTheMachineTellsNothing) {
  EXPECT_EQ(granted_cpus({{}, {2, 3}, std::nullopt}, false).cpus, (Cpus{{2, 3}, {1}}));
  EXPECT_EQ(granted_cpus({{}, {2}, std::nullopt}, true).cpus.numbers, Numbers{2});
  EXPECT_EQ(granted_cpus({{}, {}, std::nullopt}, false).cpus, Cpus{});
}

TEST(Split, GivesTheRemainderToTheFirstShares) {
  std::vector<Numbers> shares;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto share = split(grant_of(kMachine), {i, 3, {}, true});
    ASSERT_TRUE(share);
    EXPECT_TRUE(share->pinned);
    EXPECT_EQ(share->capacity.vcpus, share->cpus.size());
    shares.push_back(share->cpus);
  }
  EXPECT_EQ(shares, (std::vector<Numbers>{{0, 4, 1}, {5, 2, 6}, {3, 7}}));
}

TEST(Split, LeavesAShareWithoutCpusItsMemory) {
  const auto share = split(grant_of({{0, 1}, {1}}), {3, 4, {}, true});
  ASSERT_TRUE(share);
  EXPECT_EQ(share->capacity.vcpus, 0U);
  EXPECT_TRUE(share->cpus.empty());
  EXPECT_EQ(share->capacity.memory_mib, 98 * 1024 / 4);
}

TEST(Split, TakesTheUsersNumberOfCpus) {
  const auto share = split(grant_of(kMachine), {1, 2, 3, true});
  ASSERT_TRUE(share);
  EXPECT_TRUE(share->pinned);
  EXPECT_EQ(share->capacity.vcpus, 3U);
  EXPECT_EQ(share->cpus, (Numbers{5, 2, 6}));
  EXPECT_EQ(share->steps, (std::vector<std::uint8_t>{3, 1}));
}

TEST(Split, BindsNothingWhereTheUserAsksForMoreThanThereIs) {
  const auto share = split(grant_of(kMachine), {1, 2, 5, true});
  ASSERT_TRUE(share);
  EXPECT_FALSE(share->pinned);
  EXPECT_EQ(share->capacity.vcpus, 5U);
  EXPECT_EQ(share->cpus, kMachine.numbers);
  ASSERT_EQ(share->notices.size(), 1U);
  EXPECT_NE(share->notices[0].find("more than its 8"), std::string::npos);
  EXPECT_FALSE(split(grant_of(kMachine), {0, 4, UINT32_MAX, true})->pinned);
}

TEST(Split, AllowsANodeWithoutCpus) {
  const auto share = split(grant_of(kMachine), {0, 1, 0, false});
  ASSERT_TRUE(share);
  EXPECT_EQ(share->capacity.vcpus, 0U);
  EXPECT_TRUE(share->pinned);
  EXPECT_TRUE(share->notices.empty());
}

TEST(Split, RefusesAShareThatDoesNotExist) {
  for (const Request& request : {Request{2, 2, {}, false}, Request{0, 0, {}, false}}) {
    const auto share = split(grant_of(kMachine), request);
    ASSERT_FALSE(share);
    EXPECT_EQ(share.error().kind, ErrorKind::Usage);
  }
}

TEST(Split, SaysWhatItGives) {
  Grant grant = grant_of({{0, 1}, {1}});
  grant.memory = {10 * kGib, "memory limit of cgroup /x"};
  EXPECT_EQ(split(grant, {0, 2, {}, true})->words,
            "1 of 2 CPUs (0), 4.9 GiB; memory limit of cgroup /x");
  grant.memory = {1000 << 20, ""};
  EXPECT_EQ(split(grant, {0, 1, 4, false})->words, "4 slots on 2 CPUs, not bound, 950 MiB");
}

TEST(Reserve, IsTwoPercentWithinBounds) {
  EXPECT_EQ(reserve_bytes(100 * kGib), 100 * kGib / 100 * 2);
  EXPECT_EQ(reserve_bytes(8 * kGib), std::uint64_t{256} << 20);
  EXPECT_EQ(reserve_bytes(1 * kGib), kGib / 100 * 5);
  EXPECT_EQ(reserve_bytes(0), 0U);
}

}  // namespace
}  // namespace mpibatch::topology
