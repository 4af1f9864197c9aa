#include <mpibatch/base/filesystem.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace mpibatch {
namespace {

using Names = std::vector<std::string>;

class PosixFileSystemTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& path) {
    auto file = files_.create_exclusive(path);
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
  }
  void write(const std::string& path, std::string_view bytes) {
    const auto file = create(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->append(bytes));
  }

  testing::TemporaryFolder folder_;
  PosixFileSystem real_;
  FileSystem& files_ = real_;
};

TEST_F(PosixFileSystemTest, ReadsBackWhatWasAppended) {
  const auto file = create(folder_ / "f");
  ASSERT_TRUE(file->append("one "));
  ASSERT_TRUE(file->append(""));
  ASSERT_TRUE(file->append("two"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(files_.read(folder_ / "f"), "one two");
  EXPECT_EQ(files_.read(folder_ / "f", 4), "two");
  EXPECT_EQ(files_.read(folder_ / "f", 1, 4), "ne t");
  EXPECT_EQ(files_.read(folder_ / "f", 0, 0), "");
  EXPECT_EQ(files_.read(folder_ / "f", 99), "");
}

TEST_F(PosixFileSystemTest, ReadsBigFilesWhole) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += std::to_string(i);
  write(folder_ / "big", bytes);
  EXPECT_EQ(files_.read(folder_ / "big"), bytes);
}

TEST_F(PosixFileSystemTest, ReadsFilesThatHaveNoSize) {
  EXPECT_FALSE(files_.read("/proc/self/status")->empty());
}

TEST_F(PosixFileSystemTest, CreatesPrivateFilesThatChildrenDoNotInherit) {
  const int before = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(before);  // the lowest free number: the next one to be given
  const auto file = create(folder_ / "f");
  struct stat status {};
  ASSERT_EQ(::fstat(before, &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_NE(::fcntl(before, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(PosixFileSystemTest, CreatesAPathOnce) {
  write(folder_ / "f", "first");
  const auto second = files_.create_exclusive(folder_ / "f");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
  EXPECT_NE(second.error().message.find(folder_ / "f"), std::string::npos);
  EXPECT_EQ(files_.read(folder_ / "f"), "first");
}

TEST_F(PosixFileSystemTest, TellsAMissingFileFromOtherTrouble) {
  EXPECT_EQ(files_.read(folder_ / "none").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(files_.read(folder_.path()).error().kind, ErrorKind::System);
  EXPECT_EQ(files_.remove(folder_ / "none").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(files_.sync_file(folder_ / "none").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(files_.sync_folder(folder_ / "none").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(files_.create_exclusive(folder_ / "none/f").error().kind, ErrorKind::NotFound);
}

TEST_F(PosixFileSystemTest, LinksOnlyToAFreeName) {
  write(folder_ / "a", "a");
  write(folder_ / "b", "b");
  ASSERT_TRUE(files_.link(folder_ / "a", folder_ / "c"));
  EXPECT_EQ(files_.read(folder_ / "c"), "a");
  EXPECT_EQ(files_.link(folder_ / "a", folder_ / "b").error().kind, ErrorKind::Busy);
  EXPECT_EQ(files_.read(folder_ / "b"), "b");
}

TEST_F(PosixFileSystemTest, RenamesOverAnOldFile) {
  write(folder_ / "a", "a");
  write(folder_ / "b", "b");
  ASSERT_TRUE(files_.rename(folder_ / "a", folder_ / "b"));
  EXPECT_EQ(files_.read(folder_ / "b"), "a");
  EXPECT_FALSE(files_.exists(folder_ / "a"));
}

TEST_F(PosixFileSystemTest, CountsTheNamesOfAnOpenFile) {
  const auto file = create(folder_ / "a");
  EXPECT_EQ(file->link_count(), 1U);
  ASSERT_TRUE(files_.link(folder_ / "a", folder_ / "b"));
  EXPECT_EQ(file->link_count(), 2U);
  ASSERT_TRUE(files_.remove(folder_ / "a"));
  ASSERT_TRUE(files_.remove(folder_ / "b"));
  EXPECT_EQ(file->link_count(), 0U);
}

TEST_F(PosixFileSystemTest, MakesFoldersWithTheirParents) {
  ASSERT_TRUE(files_.make_folder(folder_ / "a/b/c"));
  ASSERT_TRUE(files_.make_folder(folder_ / "a/b/c"));
  ASSERT_TRUE(files_.make_folder(folder_ / "a/b//d/"));
  EXPECT_EQ(files_.list(folder_ / "a/b"), (Names{"c", "d"}));
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  EXPECT_TRUE(files_.sync_folder(folder_ / "a"));
}

TEST_F(PosixFileSystemTest, MakesNoFolderThroughAFile) {
  write(folder_ / "f", "");
  const auto made = files_.make_folder(folder_ / "f/g");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("Not a directory"), std::string::npos)
      << made.error().message;
}

TEST_F(PosixFileSystemTest, FollowsALinkToAFolder) {
  ASSERT_TRUE(files_.make_folder(folder_ / "real"));
  std::filesystem::create_directory_symlink(folder_ / "real", folder_ / "link");
  EXPECT_TRUE(files_.make_folder(folder_ / "link/sub"));
  EXPECT_TRUE(files_.exists(folder_ / "real/sub"));
}

TEST_F(PosixFileSystemTest, ListsNamesInOrder) {
  for (const char* name : {"b", "c", "a", ".hidden"}) write(folder_ / name, "");
  EXPECT_EQ(files_.list(folder_.path()), (Names{".hidden", "a", "b", "c"}));
  EXPECT_EQ(files_.list(folder_ / "none"), Names{});
  EXPECT_EQ(files_.list(folder_ / "a").error().kind, ErrorKind::System);
}

TEST_F(PosixFileSystemTest, SeesALinkThatLeadsNowhere) {
  std::filesystem::create_symlink("nowhere", folder_ / "link");
  EXPECT_TRUE(files_.exists(folder_ / "link"));
  EXPECT_FALSE(files_.exists(folder_ / "none"));
}

TEST_F(PosixFileSystemTest, RemovesFilesAndEmptyFolders) {
  write(folder_ / "f", "");
  ASSERT_TRUE(files_.make_folder(folder_ / "d"));
  EXPECT_TRUE(files_.remove(folder_ / "f"));
  EXPECT_TRUE(files_.remove(folder_ / "d"));
  EXPECT_EQ(files_.list(folder_.path()), Names{});
}

// The kernel writes up to the limit, then refuses: a short write and an error.
TEST_F(PosixFileSystemTest, FailsWhereAWriteStopsHalfway) {
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, old.rlim_max};
  const auto file = create(folder_ / "f");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto appended = file->append(std::string(1500, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().kind, ErrorKind::System);
  EXPECT_EQ(files_.read(folder_ / "f")->size(), 1000U);
}

}  // namespace
}  // namespace mpibatch
