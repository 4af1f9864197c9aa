#include <mpibatch/topology/pin_claim.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace mpibatch::topology {
namespace {

class PinClaimTest : public ::testing::Test {
 protected:
  Result<PinClaim> take(const std::string& run, const std::vector<std::uint32_t>& cpus) {
    return PinClaim::take_in(folders_, run, cpus);
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folders_[0]))
      if (entry.path().filename() != "pin.lock") ++count;
    return count;
  }

  mpibatch::testing::TemporaryFolder folder_;
  std::vector<std::string> folders_ = {folder_ / "claims"};
};

TEST_F(PinClaimTest, KeepsOtherRunsOffItsCpus) {
  const auto first = take("a", {0, 1});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->held());
  const auto second = take("b", {1, 2});
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->held());
  EXPECT_EQ(second->holder(), "a");
  const auto elsewhere = take("c", {2, 3});  // a claim that is not held keeps nobody off
  ASSERT_TRUE(elsewhere);
  EXPECT_TRUE(elsewhere->held());
}

TEST_F(PinClaimTest, IsSharedByTheSharesOfARun) {
  const auto first = take("a", {0, 1});
  const auto second = take("a", {0, 1});
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->held());
  EXPECT_TRUE(second->held());
}

TEST_F(PinClaimTest, EndsWithItsOwner) {
  { ASSERT_TRUE(take("a", {0})->held()); }
  EXPECT_EQ(files(), 0U);
  EXPECT_TRUE(take("b", {0})->held());
}

TEST_F(PinClaimTest, EndsWithAKilledProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto claim = take("a", {0});
    const char held = claim && claim->held() ? 'y' : 'n';
    if (::write(ready[1], &held, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(held, 'y');
  EXPECT_FALSE(take("b", {0})->held());
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(take("b", {0})->held());
  EXPECT_EQ(files(), 0U);  // the dead one's went when it was looked at, the last one's with it
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PinClaimTest, LooksThroughEveryFolder) {
  const auto first = PinClaim::take_in({folder_ / "tmp"}, "a", {0});
  ASSERT_TRUE(first && first->held());
  const auto second = PinClaim::take_in({folder_ / "runtime", folder_ / "tmp"}, "b", {0});
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->held());
}

TEST_F(PinClaimTest, RefusesAFolderThatOthersCanWriteTo) {
  ASSERT_EQ(::mkdir(folders_[0].c_str(), 0700), 0);
  ASSERT_EQ(::chmod(folders_[0].c_str(), 0777), 0);
  const auto claim = take("a", {0});
  ASSERT_FALSE(claim);
  EXPECT_EQ(claim.error().kind, ErrorKind::System);
}

TEST_F(PinClaimTest, MakesAnAllocationUnpinnedAndSaysSo) {
  const auto first = take("a", {0, 1});
  const auto second = take("b", {0, 1});
  ASSERT_TRUE(first && second);
  Allocation allocation;
  allocation.cpus = {0, 1};
  yield_cpus(allocation, *first);
  EXPECT_TRUE(allocation.pinned);
  yield_cpus(allocation, *second);
  EXPECT_FALSE(allocation.pinned);
  ASSERT_EQ(allocation.notices.size(), 1U);
  EXPECT_NE(allocation.notices[0].find("run a binds"), std::string::npos);
}

}  // namespace
}  // namespace mpibatch::topology
