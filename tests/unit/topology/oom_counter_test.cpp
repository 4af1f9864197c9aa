#include <mpibatch/topology/oom_counter.hpp>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace mpibatch::topology {
namespace {

using namespace std::chrono_literals;

struct CgroupHost {
  testing::TemporaryFolder root;
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root / path).parent_path());
    std::ofstream(root / path) << text;
  }
};

constexpr const char* kV2 = "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
constexpr const char* kV1 = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

TEST(ParseOomKills, ReadsItsLineAlone) {
  EXPECT_EQ(parse_oom_kills("low 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 7\n"), 3U);
  EXPECT_EQ(parse_oom_kills("oom_kill 12"), 12U);
  EXPECT_EQ(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), 2U);
  for (const char* none : {"", "oom_kill", "oom_kill x", "an oom_kill 3"})
    EXPECT_EQ(parse_oom_kills(none), 0U) << none;
}

TEST(OomCounter, IsTheOwnCgroupsFirst) {
  const CgroupHost machine;
  machine.write("proc/vmstat", "nr_free_pages 1\noom_kill 40\n");
  EXPECT_EQ(OomCounter(machine.root.path()).source(), "/proc/vmstat");
  machine.write("proc/self/cgroup", "0::/run/step\n");
  machine.write("proc/self/mountinfo", kV2);
  machine.write("sys/fs/cgroup/run/memory.events", "oom_kill 30\n");
  EXPECT_EQ(OomCounter(machine.root.path()).source(), "/proc/vmstat");  // not one above it
  machine.write("sys/fs/cgroup/run/step/memory.events", "oom 1\noom_kill 2\n");
  OomCounter counter(machine.root.path());
  EXPECT_EQ(counter.source(), "/sys/fs/cgroup/run/step/memory.events");
  EXPECT_EQ(counter.read(), 2U);
  machine.write("sys/fs/cgroup/run/step/memory.events", "oom 1\noom_kill 3\n");
  EXPECT_EQ(counter.read(), 3U);
}

TEST(OomCounter, KnowsTheOlderCgroups) {
  const CgroupHost machine;
  machine.write("proc/self/cgroup", "4:memory:/job\n");
  machine.write("proc/self/mountinfo", kV1);
  machine.write("sys/fs/cgroup/memory/job/memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
  OomCounter counter(machine.root.path());
  EXPECT_EQ(counter.read(), 5U);
}

TEST(OomCounter, IsReadAtMostTenTimesASecondForStarts) {
  const CgroupHost machine;
  machine.write("proc/vmstat", "oom_kill 1\n");
  OomCounter counter(machine.root.path());
  EXPECT_EQ(counter.recent(10s), 1U);
  machine.write("proc/vmstat", "oom_kill 2\n");
  EXPECT_EQ(counter.recent(10s + 50ms), 1U);
  EXPECT_EQ(counter.recent(10s + 200ms), 2U);
}

TEST(OomCounter, OfNothingStaysZero) {
  const CgroupHost machine;
  OomCounter counter(machine.root.path());
  EXPECT_TRUE(counter.source().empty());
  EXPECT_EQ(counter.read(), 0U);
}

}  // namespace
}  // namespace mpibatch::topology
