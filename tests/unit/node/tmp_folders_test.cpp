#include "node/tmp_folders.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/node/test_folder.hpp"

namespace mpibatch::node {
namespace {

class TmpFoldersTest : public ::testing::Test {
 protected:
  // Taken, given back and taken again, so long after that its time can tell a change.
  TmpFolder used() {
    folders_->give_back(*folders_->take(), {});
    TmpFolder folder = *folders_->take();
    folder.taken = folder.seen + std::chrono::seconds{2};
    return folder;
  }

  TestFolder place_;
  std::unique_ptr<TmpFolders> folders_ = std::move(*TmpFolders::create(place_.path("user/tmp")));
};

TEST_F(TmpFoldersTest, AreUsedAgainWhereTheyWereLeftEmpty) {
  const TmpFolder folder = used();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
  folders_->give_back(folder, {});
  EXPECT_EQ(folders_->take()->path, folder.path);
}

TEST_F(TmpFoldersTest, AreNotUsedAgainWithWhatSomebodyLeft) {
  const TmpFolder folder = used();
  std::ofstream(folder.path + "/left") << "x";
  folders_->give_back(folder, {});
  EXPECT_NE(folders_->take()->path, folder.path);
}

TEST_F(TmpFoldersTest, AreNotUsedAgainWithALeftOverMadeInTheSameInstant) {
  TmpFolder folder = *folders_->take();
  std::ofstream(folder.path + "/left") << "x";
  folders_->give_back(folder, {});
  EXPECT_NE(folders_->take()->path, folder.path);
}

TEST_F(TmpFoldersTest, AreUsedAgainWhereWhatWasMadeIsGone) {
  TmpFolder folder = used();
  std::ofstream(folder.path + "/left") << "x";
  std::filesystem::remove(folder.path + "/left");
  folders_->give_back(folder, {});
  EXPECT_EQ(folders_->take()->path, folder.path);
}

TEST_F(TmpFoldersTest, AreNotUsedAgainWhereTheirTimeWasSetBack) {
  const TmpFolder folder = used();
  const auto time = std::filesystem::last_write_time(folder.path);
  std::ofstream(folder.path + "/left") << "x";
  std::filesystem::last_write_time(folder.path, time);
  folders_->give_back(folder, {});
  EXPECT_NE(folders_->take()->path, folder.path);
}

}  // namespace
}  // namespace mpibatch::node
