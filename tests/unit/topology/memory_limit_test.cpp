#include "topology/memory_limit.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace mpibatch::topology {
namespace {

constexpr const char* kHybridMounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:1 master:2 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST(LimitFiles, AreAllUpToTheRootOfBothVersions) {
  EXPECT_EQ(limit_files("9:name=systemd:/\n4:memory:/slurm/job_7\n0::/a\n", kHybridMounts),
            (std::vector<LimitFile>{
                {"/sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", "/slurm/job_7"},
                {"/sys/fs/cgroup/memory/slurm/memory.limit_in_bytes", "/slurm"},
                {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/"},
                {"/sys/fs/cgroup/unified/a/memory.max", "/a"},
                {"/sys/fs/cgroup/unified/memory.max", "/"}}));
}

TEST(LimitFiles, AreThoseThatAContainerCanSee) {
  const char* mounts =
      "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  EXPECT_EQ(limit_files("4:memory:/docker/abc/inner\n", mounts),
            (std::vector<LimitFile>{
                {"/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "/docker/abc/inner"},
                {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/docker/abc"}}));
  EXPECT_EQ(
      limit_files("4:memory:/docker/abcdef\n", mounts),
      (std::vector<LimitFile>{{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/docker/abc"}}));
}

TEST(LimitFiles, StayInsideACgroupNamespace) {
  const char* mounts = "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(limit_files("0::/../../other\n", mounts),
            (std::vector<LimitFile>{{"/sys/fs/cgroup/memory.max", "/../../other"}}));
}

TEST(LimitFiles, AreNoneWhereNothingMakesSense) {
  for (const char* cgroups : {"", "\n", ":", "4:memory", "4:memory:", "0::relative"})
    EXPECT_TRUE(limit_files(cgroups, kHybridMounts).empty()) << cgroups;
  for (const char* mounts : {"", "35", "a b c d e f g - cgroup", "- - - -"})
    EXPECT_TRUE(limit_files("4:memory:/x\n0::/x\n", mounts).empty()) << mounts;
}

TEST(LimitFiles, UnescapeTheMountsPath) {
  const char* mounts = "35 31 0:32 / /my\\040cgroups rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(limit_files("0::/\n", mounts),
            (std::vector<LimitFile>{{"/my cgroups/memory.max", "/"}}));
}

TEST(ParseLimit, KnowsNoLimit) {
  EXPECT_EQ(parse_limit("1073741824\n"), 1073741824U);
  EXPECT_EQ(parse_limit("0\n"), 0U);
  for (const char* none :
       {"max\n", "9223372036854771712\n", "", "-1\n", "1G\n", "99999999999999999999"})
    EXPECT_EQ(parse_limit(none), std::nullopt) << none;
}

TEST(LeastCgroupLimit, IsTheLeastOnTheWayToTheRoot) {
  const testing::TemporaryFolder root;
  const auto write = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root / path).parent_path());
    std::ofstream(root / path) << text;
  };
  write("proc/self/cgroup", "4:memory:/outer/inner\n0::/\n");
  write("proc/self/mountinfo", kHybridMounts);
  EXPECT_EQ(least_cgroup_limit(root.path()), std::nullopt);
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", "4096000\n");
  write("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", "8192000\n");
  EXPECT_EQ(least_cgroup_limit(root.path()), (Memory{4096000, "memory limit of cgroup /outer"}));
}

}  // namespace
}  // namespace mpibatch::topology
