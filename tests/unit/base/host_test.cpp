#include <mpibatch/base/host.hpp>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(Host, HasANameAndABoot) {
  char name[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(::gethostname(name, sizeof name), 0);
  EXPECT_EQ(host_name(), name);
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_EQ(boot_id().size(), 36U);
}

TEST(Process, IsKnownByPidAndStart) {
  const auto start = process_start_ticks(::getpid());
  EXPECT_GT(start, 0U);
  EXPECT_EQ(process_start_ticks(::getpid()), start);
  EXPECT_TRUE(process_runs(::getpid(), start));
  EXPECT_FALSE(process_runs(::getpid(), start + 1));
}

TEST(Process, IsFoundWhateverItsName) {
  char old_name[16] = {};
  ::prctl(PR_GET_NAME, old_name);
  const auto start = process_start_ticks(::getpid());
  ::prctl(PR_SET_NAME, "a) Z 1 (b\n) c");
  EXPECT_EQ(process_start_ticks(::getpid()), start);
  EXPECT_TRUE(process_runs(::getpid(), start));
  ::prctl(PR_SET_NAME, old_name);
}

TEST(Process, RunsNoMoreBeforeItIsCollected) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const auto start = process_start_ticks(child);
  EXPECT_GT(start, 0U);
  EXPECT_FALSE(process_runs(child, start));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(process_start_ticks(child), 0U);
  EXPECT_FALSE(process_runs(child, 0));
}

}  // namespace
}  // namespace mpibatch
