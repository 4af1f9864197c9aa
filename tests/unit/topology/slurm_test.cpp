#include "topology/slurm.hpp"

#include <map>

#include <gtest/gtest.h>

namespace mpibatch::topology {
namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

SlurmGrant grant_with(const std::map<std::string, std::string>& variables) {
  return slurm_grant([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(SlurmGrant, SpeaksInAJobOnly) {
  const auto outside = grant_with({{"SLURM_CPUS_ON_NODE", "2"}, {"SLURM_MEM_PER_NODE", "100"}});
  EXPECT_FALSE(outside.cpus);
  EXPECT_FALSE(outside.memory);
}

TEST(SlurmGrant, ReadsCpusAndMemory) {
  const auto node = grant_with(
      {{"SLURM_JOB_ID", "7"}, {"SLURM_CPUS_ON_NODE", "2"}, {"SLURM_MEM_PER_NODE", "100"}});
  EXPECT_EQ(node.cpus, 2U);
  EXPECT_EQ(node.memory, (Memory{100 * kMib, "SLURM_MEM_PER_NODE"}));
  const auto each = grant_with(
      {{"SLURM_JOB_ID", "7"}, {"SLURM_CPUS_ON_NODE", "3"}, {"SLURM_MEM_PER_CPU", "100"}});
  EXPECT_EQ(each.memory, (Memory{300 * kMib, "SLURM_MEM_PER_CPU"}));
}

TEST(SlurmGrant, PassesOverWhatIsNoNumber) {
  for (const char* bad : {"", "0", "2x", "-1", "99999999999999999999"}) {
    const auto grant = grant_with(
        {{"SLURM_JOB_ID", "7"}, {"SLURM_CPUS_ON_NODE", bad}, {"SLURM_MEM_PER_NODE", bad}});
    EXPECT_FALSE(grant.cpus) << bad;
    EXPECT_FALSE(grant.memory) << bad;
  }
}

TEST(SlurmGrant, LowersWhatTheMachineShows) {
  Grant grant{{{0, 1, 2, 3}, {1, 1, 1}}, 4, true, {1000 * kMib, ""}, {}};
  lower(grant, {2, Memory{400 * kMib, "SLURM_MEM_PER_NODE"}});
  EXPECT_EQ(grant.slots, 2U);
  EXPECT_FALSE(grant.pinned);
  EXPECT_EQ(grant.memory.bytes, 400 * kMib);
  const auto share = split(grant, {0, 1, {}, false});
  ASSERT_TRUE(share);
  EXPECT_EQ(share->capacity.vcpus, 2U);
  EXPECT_EQ(share->notices.size(), 1U);
  EXPECT_EQ(share->words, "2 slots on 2 CPUs, not bound, 380 MiB; SLURM_MEM_PER_NODE");
}

TEST(SlurmGrant, NeverRaises) {
  Grant grant{{{0, 1}, {1}}, 2, true, {1000 * kMib, ""}, {}};
  lower(grant, {64, Memory{4000 * kMib, "SLURM_MEM_PER_NODE"}});
  EXPECT_EQ(grant.slots, 2U);
  EXPECT_TRUE(grant.pinned);
  EXPECT_EQ(grant.memory, (Memory{1000 * kMib, ""}));
}

}  // namespace
}  // namespace mpibatch::topology
