#include "support/memory_filesystem.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace mpibatch::testing {
namespace {

std::string content(const MemoryFileSystem& disk, const std::string& path) {
  const auto bytes = disk.read(path);
  return bytes ? *bytes : "none";
}

TEST(MemoryFileSystem, ReadsWhatWasAppended) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/a/b"));
  auto file = disk.create_exclusive("/a/b/f");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("hello"));
  EXPECT_EQ(content(disk, "/a/b/f"), "hello");
  EXPECT_EQ(disk.read("/a/b/f", 1, 3).value(), "ell");
  EXPECT_EQ(disk.read("/a/b/f", 9).value(), "");
  EXPECT_EQ(disk.create_exclusive("/a/b/f").error().kind, ErrorKind::Busy);
  EXPECT_EQ(disk.read("/a/x").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(disk.create_exclusive("/x/f").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(disk.list("/a").value(), std::vector<std::string>{"b"});
  EXPECT_TRUE(disk.list("/none").value().empty());
}

TEST(MemoryFileSystem, LinksAndRenamesAsPosixDoes) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/d"));
  auto file = disk.create_exclusive("/d/a");
  ASSERT_TRUE((*file)->append("1"));
  ASSERT_TRUE(disk.link("/d/a", "/d/b"));
  EXPECT_EQ((*file)->link_count().value(), 2U);
  EXPECT_EQ(disk.link("/d/a", "/d/b").error().kind, ErrorKind::Busy);
  ASSERT_TRUE(disk.create_exclusive("/d/c"));
  ASSERT_TRUE(disk.rename("/d/a", "/d/c"));
  EXPECT_EQ(content(disk, "/d/c"), "1");
  EXPECT_FALSE(disk.exists("/d/a"));
  ASSERT_TRUE(disk.remove("/d/b"));
  ASSERT_TRUE(disk.remove("/d/c"));
  EXPECT_EQ((*file)->link_count().value(), 0U);
}

TEST(MemoryFileSystem, CrashDropsWhatNobodySynced) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/d"));
  ASSERT_TRUE(disk.sync_folder("/"));
  auto file = disk.create_exclusive("/d/kept");
  ASSERT_TRUE((*file)->append("safe"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(disk.sync_folder("/d"));
  ASSERT_TRUE((*file)->append("lost"));
  ASSERT_TRUE(disk.create_exclusive("/d/never"));
  disk.crash_dropping_all();
  EXPECT_EQ(content(disk, "/d/kept"), "safe");
  EXPECT_FALSE(disk.exists("/d/never"));
  EXPECT_FALSE((*file)->append("x"));
}

TEST(MemoryFileSystem, CrashTearsBySeed) {
  std::set<std::string> seen;
  std::set<bool> renamed;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::string first;
    for (int again = 0; again < 2; ++again) {
      MemoryFileSystem disk;
      ASSERT_TRUE(disk.make_folder("/d"));
      ASSERT_TRUE(disk.sync_folder("/"));
      auto file = disk.create_exclusive("/d/a");
      ASSERT_TRUE(disk.sync_folder("/d"));
      ASSERT_TRUE((*file)->append("synced "));
      ASSERT_TRUE((*file)->sync());
      ASSERT_TRUE((*file)->append("torn"));
      ASSERT_TRUE(disk.rename("/d/a", "/d/b"));
      disk.crash(seed);
      EXPECT_NE(disk.exists("/d/a"), disk.exists("/d/b")) << "a rename is whole";
      const std::string left = content(disk, disk.exists("/d/a") ? "/d/a" : "/d/b");
      EXPECT_EQ(left.substr(0, 7), "synced ");
      if (again == 0) first = left;
      EXPECT_EQ(left, first) << "the seed decides";
      seen.insert(left);
      renamed.insert(disk.exists("/d/b"));
    }
  }
  EXPECT_TRUE(seen.contains("synced "));
  EXPECT_TRUE(seen.contains("synced to"));
  EXPECT_TRUE(seen.contains("synced torn"));
  const auto zeroed = [](const std::string& left) { return left.find('\0') != std::string::npos; };
  EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), zeroed));
  EXPECT_EQ(renamed.size(), 2U);
}

TEST(MemoryFileSystem, CrashOfOneFolderLeavesTheOthers) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/a"));
  ASSERT_TRUE(disk.make_folder("/b"));
  auto mine = disk.create_exclusive("/a/f");
  auto theirs = disk.create_exclusive("/b/f");
  ASSERT_TRUE((*theirs)->append("unsynced"));
  disk.crash(1, Handles::Broken, "/a");
  EXPECT_FALSE((*mine)->append("x"));
  EXPECT_TRUE((*theirs)->append("!"));
  EXPECT_EQ(content(disk, "/b/f"), "unsynced!");
}

TEST(MemoryFileSystem, KeptHandlesGoOn) {
  MemoryFileSystem disk;
  auto file = disk.create_exclusive("/f");
  ASSERT_TRUE((*file)->append("a"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(disk.sync_folder("/"));
  disk.crash_dropping_all(Handles::Kept);
  ASSERT_TRUE((*file)->append("b"));
  EXPECT_EQ(content(disk, "/f"), "ab");
}

TEST(MemoryFileSystem, FillsUpAndFailsOnDemand) {
  MemoryFileSystem disk;
  auto file = disk.create_exclusive("/f");
  ASSERT_TRUE(disk.sync_folder("/"));
  disk.fail_after(3);
  const auto full = (*file)->append("12345");
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("No space left on device"), std::string::npos);
  EXPECT_EQ(content(disk, "/f"), "123");
  disk.heal();
  disk.fail_next_sync();
  EXPECT_FALSE((*file)->sync());
  EXPECT_TRUE((*file)->sync()) << "as Linux does";
  disk.crash_dropping_all();
  EXPECT_EQ(content(disk, "/f"), "") << "what a failed sync dropped stays lost";
}

}  // namespace
}  // namespace mpibatch::testing
